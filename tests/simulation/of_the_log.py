"""What the statements of the command log, the journal and the sweep do."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from store import command_log, database, journal, sweeping
from store.reads import base, operations
from tests.simulation.shapes import Scalar, shape
from tests.simulation.tables import Row, uuid_of
from tests.simulation.transaction import Statement, Transaction

APPEND = command_log._APPEND
LOCKS = (command_log._LOCK, command_log._WAIT_AND_LOCK)
OUTCOMES = (journal._OUTCOMES,)
TAKES = (command_log._TAKE,)
LOOKS = (command_log._WAITS,)
_Values = Sequence[Any]
_Batch = shape("position appended_at attempts body")
_Lease = shape("strikes last_at held")
_Place = shape("topic part")
_Outcome = shape("command_id reply")
_Decided = shape("command_id at reply")
_COLUMNS = ("topic", "part", "gateway", "ids", "tenants", "aggregates", "n", "body")


def array(told: Any) -> list[UUID]:
    """An array of ids, from the text that the driver is given or from a list."""
    return [uuid_of(text) for text in told[1:-1].split(",") if text] if isinstance(told, str) else list(told)


def append(tx: Transaction, values: _Values) -> _Values:
    """Rows of the log, each with the next position."""
    return [_appended(tx, values[at : at + 8]) for at in range(0, len(values), 8)]


def _appended(tx: Transaction, values: _Values) -> Row:
    row = dict(zip(_COLUMNS, values, strict=True))
    for name in ("ids", "tenants", "aggregates"):
        row[name] = array(row[name])
    return tx.insert("command_log", {"position": tx.store.next("command_log"), "appended_at": tx.store.now(), **row})


def lock(tx: Transaction, values: _Values) -> _Values:
    """The partition's row, unless somebody else holds it."""
    key = tuple(values)
    if tx.get("log_partition", key) is None or not tx.lock("log_partition", key, skip=True):
        return []
    return _leased(tx, key)


def wait_and_lock(tx: Transaction, values: _Values) -> _Values:
    """The partition's row, once nobody else holds it."""
    key = tuple(values)
    tx.lock("log_partition", key)
    return _leased(tx, key)


def lock_nothing(tx: Transaction, values: _Values) -> _Values:
    """The partition's row as it is, whoever holds it."""
    row = tx.get("log_partition", tuple(values))
    assert row is not None
    tx.place = "{}:{}".format(*values)
    return [_Lease(row["strikes"], max(row["last_at"] or tx.store.now(), tx.store.now()), tx.place)]


def _leased(tx: Transaction, key: tuple[Any, ...]) -> _Values:
    row = tx.get("log_partition", key)
    if row is None:
        return []
    last_at = max(row["last_at"] or tx.store.now(), tx.store.now())
    tx.change("log_partition", key, {"last_at": last_at})
    tx.place = "{}:{}".format(*key)
    return [_Lease(row["strikes"], last_at, tx.place)]


def be_alone(tx: Transaction, values: _Values) -> _Values:
    """A lock of the session."""
    return [Scalar(tx.store.alone(tx.session, tuple(values)))]


def end_alone(tx: Transaction, values: _Values) -> _Values:
    """The session lets go of it."""
    tx.session.alone.discard(tuple(values))
    return [Scalar(value=True)]


def idle(tx: Transaction, values: _Values) -> _Values:
    """How long a session may say nothing: the store knows."""
    return [Scalar(values[0])]


def _batches(tx: Transaction, topic: str, part: int) -> list[Row]:
    rows = [row for row in tx.rows("command_log") if row["part"] == part and row["topic"] == topic]
    rows.sort(key=lambda row: row["position"])
    return rows


def _batch(row: Row) -> Any:
    return _Batch(row["position"], row["appended_at"], row["attempts"], row["body"])


def take(tx: Transaction, values: _Values) -> _Values:
    """The oldest batches, gone; nothing without the partition's lock."""
    topic, part, held, bound = values
    if tx.place != held:
        return []
    taken, upto = list[Any](), 0
    for row in _batches(tx, topic, part)[: command_log.MOST_ROWS]:
        if upto >= bound:
            break
        upto += row["n"]
        found = tx.delete("command_log", (row["position"],))
        if found is not None:
            taken.append(_batch(found))
    return taken


def take_what_is_free(tx: Transaction, values: _Values) -> _Values:
    """The oldest batches that nobody else is taking, as a queue without one writer would have it."""
    free = [
        row for row in _batches(tx, *values[:2])[: command_log.MOST_ROWS] if tx.lock("command_log", (row["position"],), skip=True)
    ]  # fmt: skip
    taken = (tx.delete("command_log", (row["position"],)) for row in free)
    return [_batch(row) for row in taken if row is not None]


def oldest(tx: Transaction, values: _Values) -> _Values:
    """The oldest batch."""
    return [_batch(row) for row in _batches(tx, *values)[:1]]


def count_try(tx: Transaction, values: _Values) -> _Values:
    """The oldest batch, with one try more."""
    tried = (
        tx.change("command_log", (row["position"],), {"attempts": row["attempts"] + 1})
        for row in _batches(tx, *values)[:1]
    )
    return [_batch(row) for row in tried if row is not None]


def take_back_try(tx: Transaction, values: _Values) -> _Values:
    """A batch, with one try less, if it is as it was when that was counted."""
    position, attempts, body = values
    row = tx.get("command_log", (position,))
    if row is None or row["attempts"] < attempts or row["body"] != body:
        return []
    return [tx.change("command_log", (position,), {"attempts": row["attempts"] - 1})]


def put_rest(tx: Transaction, values: _Values) -> _Values:
    """A batch without its first command."""
    body, n, position = values
    row = tx.get("command_log", (position,))
    if row is None:
        return []
    left = {name: row[name][1:] for name in ("ids", "tenants", "aggregates")}
    return [tx.change("command_log", (position,), {"body": body, "n": n, "attempts": 0, **left})]


def delete_batch(tx: Transaction, values: _Values) -> _Values:
    """A batch, gone."""
    return [tx.delete("command_log", tuple(values))]


def hand_back(tx: Transaction, values: _Values) -> _Values:
    """A row of the log with the moment it first came."""
    topic, part, appended_at, *what = values
    row = _appended(tx, (topic, part, *what))
    return [tx.change("command_log", (row["position"],), {"appended_at": appended_at})]


def waits(tx: Transaction, values: _Values) -> _Values:
    """Whether a partition has a batch."""
    return [Scalar(1) for _ in _batches(tx, *values)[:1]]


def forgive(tx: Transaction, values: _Values) -> _Values:
    """No strikes any more."""
    return [tx.change("log_partition", tuple(values), {"strikes": 0})]


def now(tx: Transaction, values: _Values) -> _Values:
    """The ledger's time."""
    return [Scalar(tx.store.now())]


def see_tenants(tx: Transaction, values: _Values) -> _Values:
    """Rows of these tenants are seen from here on."""
    tx.tenants = frozenset(map(uuid_of, str(values[0]).strip("{}").split(",")))
    return [Scalar(values[0])]


def _decided(tx: Transaction, wanted: Iterable[Any]) -> list[Any]:
    sought = set(array(list(wanted)))
    found = [
        _Decided(command_id, page["at"], page["replies"] and page["replies"][place])
        for page in tx.rows("journal")
        if page["tenant_id"] in tx.tenants
        for place, command_id in enumerate(page["command_ids"])
        if command_id in sought
    ]
    return sorted(found, key=lambda one: one.at)


def outcomes(tx: Transaction, values: _Values) -> _Values:
    """What the journal says of commands, the earlier first."""
    return [_Outcome(one.command_id, one.reply) for one in _decided(tx, values[0])]


def nothing(tx: Transaction, values: _Values) -> _Values:
    """Nothing is found, for those who did not look."""
    return []


def looked_up(tx: Transaction, values: _Values) -> _Values:
    """What the journal says of commands to a gateway, the latest first."""
    wanted = [uuid_of(str(command_id)) for command_id in values[0]]
    return [one for one in reversed(_decided(tx, wanted)) if one.reply is not None]


def sweep(tx: Transaction, values: Any) -> _Values:
    """Strikes for those that wait; none any more where nothing does."""
    at, since = values["now"], values["since"]
    seen = {(row["topic"], row["part"]): row for row in tx.rows("log_partition")}
    waiting = dict[tuple[Any, ...], list[Any]]()
    for row in tx.rows("command_log"):
        waiting.setdefault((row["topic"], row["part"]), []).append(row["appended_at"])
    rung = list[Any]()
    for key, row in seen.items():
        if key not in waiting:
            if row["strikes"] and tx.lock("log_partition", key, skip=True):
                tx.change("log_partition", key, {"strikes": 0})
        elif _unrung(row, since, at) and any(not since <= one <= at for one in waiting[key]):
            rung += _struck(tx, key, since, at)
    return rung


def _unrung(row: Row, since: Any, at: Any) -> bool:
    return row["rung_at"] is None or not since <= row["rung_at"] <= at


def _struck(tx: Transaction, key: tuple[Any, ...], since: Any, at: Any) -> list[Any]:
    if not tx.lock("log_partition", key, skip=True):
        return []
    row = tx.get("log_partition", key)
    if row is None or not _unrung(row, since, at):
        return []
    tx.change("log_partition", key, {"strikes": row["strikes"] + 1, "rung_at": at})
    return [_Place(*key)]


def waiting(tx: Transaction, values: _Values) -> _Values:
    """The partitions in which anything waits."""
    found = {(row["topic"], row["part"]) for row in tx.rows("command_log") if row["topic"] in values[0]}
    return [_Place(*key) for key in sorted(found)]


def make_partitions(tx: Transaction, topics: Iterable[str], partitions: int) -> None:
    """The rows that a migration makes."""
    for topic in topics:
        for part in range(partitions):
            tx.insert("log_partition", {"topic": topic, "part": part})


STATEMENTS: dict[str, Statement] = {
    command_log._LOCK: lock,
    command_log._WAIT_AND_LOCK: wait_and_lock,
    command_log._BE_ALONE: be_alone,
    command_log._END_ALONE: end_alone,
    command_log._IDLE: idle,
    command_log._TAKE: take,
    command_log._OLDEST: oldest,
    command_log._COUNT_TRY: count_try,
    command_log._TAKE_BACK_TRY: take_back_try,
    command_log._PUT_REST: put_rest,
    command_log._HAND_BACK: hand_back,
    command_log._DELETE: delete_batch,
    command_log._WAITS: waits,
    command_log._FORGIVE: forgive,
    database.NOW: now,
    database._SEE_TENANTS: see_tenants,
    base.SEE_TENANT: see_tenants,
    journal._OUTCOMES: outcomes,
    operations._OUTCOMES: looked_up,
    sweeping._SWEEP: sweep,
    sweeping._WAITING: waiting,
}
