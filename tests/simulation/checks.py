"""What must hold: of every commit as it is made, and of everything once the world has come to rest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from domain.decision import KEY_REUSED
from domain.queue.state import Entry, Requeued, Status
from store.journal import BROKEN, is_open
from store.repositories.base import Tenancy
from store.repositories.queues import Queues
from store.wire import partition_of
from tests.domain.queue.invariants import Seen, check, check_rest
from tests.simulation.ledger import Memory, Store
from tests.simulation.people import Asked
from tests.simulation.tables import Key, Row
from tests.simulation.transaction import Transaction
from tests.simulation.world import Violation

OF_QUEUES = ("queue", "queue_entry", "queue_grant", "queue_requeue", "queue_completion")
_MEMBERS = tuple(field.name for field in fields(Entry))


def holds(claim: object, otherwise: str) -> None:
    """Raise a violation."""
    if not claim:
        raise Violation(otherwise)


def check_writer(tx: Transaction, partitions: int) -> None:
    """Whoever writes to a queue holds the lock of its partition at this moment."""
    for name in OF_QUEUES:
        for key, row in tx.writes.get(name, {}).items():
            was = row or tx.store.tables[name].rows.get(key)
            if was is None:
                continue
            place = ("queue", partition_of(was["id"] if name == "queue" else was["queue_id"], partitions))
            holds(tx.store.locks.get(("log_partition", place)) is tx, f"one writer: {name} written without the lock")


def check_fired(tx: Transaction) -> None:
    """Timers that a scheduler took away were due, and their commands are in the log by the same commit."""
    fired = [(key, row) for key, row in tx.writes.get("timer", {}).items() if row is None]
    stored, now = tx.store.tables["timer"].rows, max(tx.began, tx.store.now())
    for key, _ in fired:
        holds(stored[key]["due_at"] <= now, "timers: fired early")
    told = [one for row in tx.writes.get("command_log", {}).values() if row for one in row["ids"]]
    holds(len(told) == len(fired), "timers: fired without a command")


def check_counts(store: Store, queue_ids: Iterable[UUID]) -> None:
    """The counts of queues are those of the people, and no limit is passed: at every commit."""
    entries = store.tables["queue_entry"].rows.values()
    for row in store.tables["queue"].rows.values():
        if row["id"] in queue_ids:
            _counted(row, [one for one in entries if one["queue_id"] == row["id"]])


def _counted(queue: Row, mine: list[Row]) -> None:
    counted = Counter(one["status"] for one in mine)
    granted, completed = counted["GRANTED"], counted["COMPLETED"]
    told = (queue["waiting"], queue["inside"], queue["admitted"], queue["completed"])
    holds(told == (counted["QUEUED"], granted, granted + completed, completed), "counts: not those of the people")
    in_turn = Counter(one["status"] for one in mine if not one["out_of_turn"])
    came = sum(one["status"] == "QUEUED" and not one["requeues"] for one in mine)
    config = queue["config"]
    holds(came <= (config["capacity"] or came), "limits: more in line than it holds")
    ever, most = in_turn["GRANTED"] + in_turn["COMPLETED"], config["maxAdmissions"]
    holds(ever <= (most or ever), "limits: more admitted than ever may be")


def check_rested(store: Store, asked: Mapping[UUID, Asked], poison: set[UUID]) -> None:
    """Everything, once nothing moves any more."""
    journal = sorted(store.tables["journal"].rows.values(), key=lambda row: row["seq"])
    told = outcomes_of(journal)
    _outcomes(asked, told, poison)
    _answers(asked, told)
    _effects(store, journal, asked)
    _order(journal, asked, told)
    _rest(store, poison)
    _queues(store)


def outcomes_of(journal: Iterable[Row]) -> dict[UUID, list[Row]]:
    """What the journal says of each command, the earlier first."""
    told = defaultdict[UUID, list[Row]](list)
    for page in journal:
        for command_id, reply in zip(page["command_ids"], page["replies"], strict=True):
            told[command_id].append(reply)
    return told


def _outcomes(asked: Mapping[UUID, Asked], told: Mapping[UUID, list[Row]], poison: set[UUID]) -> None:
    for own_id, one in asked.items():
        final = [reply for reply in told.get(own_id, ()) if not is_open(reply)]
        if one.acknowledged is not None:
            holds(told.get(own_id), f"lost: {one.sent.body.type} was acknowledged and never decided")
        holds(len(final) <= 1, f"doubled: {one.sent.body.type} has {len(final)} outcomes")
        broke = any((reply.get("refused") or {}).get("code") == BROKEN for reply in told.get(own_id, ()))
        holds(broke <= (own_id in poison), f"broken: {one.sent.body.type} could not be decided")


def _answers(asked: Mapping[UUID, Asked], told: Mapping[UUID, list[Row]]) -> None:
    for own_id, one in asked.items():
        for answer in one.answers:
            stored = {name: value for name, value in answer.items() if name != "replayed"}
            holds(stored in told.get(own_id, ()), f"answers: {one.sent.body.type} was answered as nothing is stored")
        for answer in one.misuses:
            code = (answer.get("refused") or {}).get("code")
            holds(
                code == KEY_REUSED.code, f"answers: another body under the key of {one.sent.body.type} was told {code}"
            )


def _effects(store: Store, journal: Iterable[Row], asked: Mapping[UUID, Asked]) -> None:
    entries = {row["id"]: row for row in store.tables["queue_entry"].rows.values()}
    versions, entered, completed = defaultdict[str, list[int]](list), Counter[str](), Counter[str]()
    for page in journal:
        for event in page["events"]:
            if "participationId" in event:
                versions[event["participationId"]].append(event["stateVersion"])
            entered[event.get("participationId", "")] += event["type"] == "queue.consumer.entered"
            completed[event.get("participationId", "")] += event["type"] == "queue.consumer.completed"
    for own_id, row in entries.items():
        holds(own_id in asked, "effects: a participation that nobody asked for")
        holds(entered[str(own_id)] == 1, "effects: entered not once")
        holds(completed[str(own_id)] == (row["status"] == "COMPLETED"), "effects: completed not once")
        told = versions[str(own_id)]
        holds(told == sorted(set(told)), "effects: one version told twice")


def _order(journal: Iterable[Row], asked: Mapping[UUID, Asked], told: Mapping[UUID, list[Row]]) -> None:
    """What was acknowledged before another command of the queue was sent is decided before it."""
    places = dict[UUID, tuple[int, int]]()
    for page in journal:
        for nth, own_id in enumerate(page["command_ids"]):
            places.setdefault(own_id, (page["seq"], nth))
    by_queue = defaultdict[UUID, list[Asked]](list)
    for own_id, one in asked.items():
        if own_id in places:
            by_queue[one.sent.body.aggregate_id].append(one)
    for those in by_queue.values():
        known = sorted((one.acknowledged, places[one.sent.id]) for one in those if one.acknowledged is not None)
        for one in those:
            before = [place for at, place in known if at < one.at]
            holds(not before or max(before) < places[one.sent.id], "order: decided before what came first")


def _rest(store: Store, poison: set[UUID]) -> None:
    holds(not store.tables["command_log"].rows, "rest: something waits")
    holds(not store.locks, "rest: something is locked")
    holds(not any(row["strikes"] for row in store.tables["log_partition"].rows.values()), "rest: strikes")
    died = {row["id"] for row in store.tables["dead_command"].rows.values()}
    holds(died <= poison, "rest: a command was buried that nothing is wrong with")
    timers = store.tables["timer"].rows
    for row in store.tables["queue"].rows.values():
        due = timers.get((row["id"], "knock"))
        if row["knock_at"] is not None:
            holds(due is not None, "timers: promised and not set")
    holds(all(row["due_at"] > store.now() for row in timers.values()), "timers: due and not fired")


def _queues(store: Store) -> None:
    for key in store.tables["queue"].rows:
        seen = seen_of(store, key)
        check(seen)
        check_rest(seen)
    grants = {key for key, row in store.tables["queue_entry"].rows.items() if row["status"] == "GRANTED"}
    holds(grants == set(store.tables["queue_grant"].rows), "effects: grants stand in one table only")


def seen_of(store: Store, key: Key) -> Seen:
    """Everything about a queue."""
    tenant_id, queue_id = key
    with Memory(store).begin() as connection:
        queue = Queues(Tenancy(connection, tenant_id)).get(queue_id)
    assert queue is not None
    mine = (row for row in store.tables["queue_entry"].rows.values() if row["queue_id"] == queue_id)
    entries = [Entry(**{name: row[name] for name in _MEMBERS} | {"status": Status(row["status"])}) for row in mine]
    leaves = [Requeued(**row) for row in store.tables["queue_requeue"].rows.values() if row["queue_id"] == queue_id]
    entries.sort(key=lambda entry: entry.first_ticket)
    return Seen(queue, tuple(entries), tuple(sorted(leaves, key=lambda leaf: leaf.ticket)))


def queues_of(tx: Transaction) -> set[Any]:
    """The queues that a commit writes to."""
    queues = {key[1] for key in tx.writes.get("queue", {})}
    return queues | {row["queue_id"] for row in tx.writes.get("queue_entry", {}).values() if row}
