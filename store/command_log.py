"""The command log: append at one end, take at the other. What is taken is gone when its effects are committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.command import Command, Envelope
from store.ledger import Ledger
from store.pipelined import Connection, Session, committing, id_array
from store.wire import Unknown, encode, encode_raw, partition_of

BATCH = 512
MOST_ROWS = 50
_VALUES = "(%s, %s, %s, %s::uuid[], %s::uuid[], %s::uuid[], %s, %s)"
_APPEND = "INSERT INTO command_log (topic, part, gateway, ids, tenants, aggregates, n, body) VALUES "
_LOCK = """
UPDATE log_partition SET last_at = greatest(coalesce(last_at, '-infinity'), ledger_now())
WHERE (topic, part) IN (SELECT topic, part FROM log_partition WHERE topic = %s AND part = %s FOR UPDATE SKIP LOCKED)
RETURNING strikes, last_at, set_config('drumroll.held', topic || ':' || part, true) AS held"""
_WAIT_AND_LOCK = _LOCK.replace(" SKIP LOCKED", "")
_DELETE = "DELETE FROM command_log WHERE position = %s"
_WAITS = "SELECT 1 FROM command_log WHERE topic = %s AND part = %s LIMIT 1"
_FOLLOW = "UPDATE log_partition SET last_at = greatest(last_at, %s) WHERE topic = %s AND part = %s"
_FORGIVE = "UPDATE log_partition SET strikes = 0 WHERE topic = %s AND part = %s"
_BE_ALONE = "SELECT pg_try_advisory_lock(hashtext('careful:' || %s), %s)"
_END_ALONE = "SELECT pg_advisory_unlock(hashtext('careful:' || %s), %s)"
_IDLE = "SELECT set_config('idle_session_timeout', %s, false)"
_TAKE = """
DELETE FROM command_log WHERE position IN (SELECT position FROM (
  SELECT position, n, sum(n) OVER (ORDER BY position) AS upto FROM (
    SELECT position, n FROM command_log WHERE topic = %s AND part = %s AND current_setting('drumroll.held', true) = %s
    ORDER BY position LIMIT :most) head) counted
  WHERE upto - n < %s) RETURNING position, appended_at, attempts, body""".replace(":most", str(MOST_ROWS))
_OLDEST = """
SELECT position, appended_at, attempts, body FROM command_log WHERE topic = %s AND part = %s ORDER BY position LIMIT 1"""
_COUNT_TRY = """
UPDATE command_log SET attempts = attempts + 1 WHERE position = (
  SELECT min(position) FROM command_log WHERE topic = %s AND part = %s) RETURNING position, appended_at, attempts, body"""
_TAKE_BACK_TRY = """
UPDATE command_log SET attempts = attempts - 1 WHERE position = %s AND attempts >= %s AND body = %s"""
_PUT_REST = """
UPDATE command_log SET body = %s, n = %s, attempts = 0, ids = ids[2:], tenants = tenants[2:], aggregates = aggregates[2:]
WHERE position = %s"""
_HAND_BACK = """
INSERT INTO command_log (topic, part, appended_at, gateway, ids, tenants, aggregates, n, body)
VALUES (%s, %s, %s, %s, %s::uuid[], %s::uuid[], %s::uuid[], %s, %s)"""


@dataclass(frozen=True, slots=True)
class Place:
    """A partition of a topic."""

    topic: str
    part: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of the log that was taken."""

    position: int
    appended_at: datetime
    attempts: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """The lock of a partition: held until the transaction ends. `now` never runs backwards within a partition."""

    strikes: int
    now: datetime


def places_of(envelopes: Iterable[Envelope[Command]], partitions: int) -> dict[Place, list[Envelope[Command]]]:
    """The envelopes by their partition, in the order in which they came."""
    by_place: dict[Place, list[Envelope[Command]]] = {}
    for sent in envelopes:
        place = Place(sent.body.topic, partition_of(sent.body.aggregate_id, partitions))
        by_place.setdefault(place, []).append(sent)
    return by_place


def append_statement(by_place: dict[Place, list[Envelope[Command]]], gateway: str) -> tuple[str, list[Any]]:
    """One statement that appends one row per partition (more where a row would hold over 512 commands)."""
    rows = [row for place, sent in by_place.items() for chunk in _chunks(sent) for row in [_row(place, chunk, gateway)]]
    return _APPEND + ", ".join([_VALUES] * len(rows)), [value for row in rows for value in row]


def append(connection: Connection, envelopes: Sequence[Envelope[Command]], partitions: int, sender: str) -> set[Place]:
    """Append inside the caller's transaction; returns the partitions to ring once it has committed."""
    if not envelopes:
        return set()
    by_place = places_of(envelopes, partitions)
    statement, values = append_statement(by_place, sender)
    connection.exec_driver_sql(statement, tuple(values))
    return set(by_place)


def lock(connection: Connection, place: Place) -> Lease | None:
    """Become the only writer of a partition's aggregates until the transaction ends; None when somebody else is."""
    return _lease(connection.exec_driver_sql(_LOCK, (place.topic, place.part)))


def wait_and_lock(connection: Connection, place: Place) -> Lease:
    """Become the only writer once whoever is has ended, within the role's patience for locks. LookupError: no such partition."""
    row = connection.exec_driver_sql(_WAIT_AND_LOCK, (place.topic, place.part)).one()
    return Lease(row.strikes, row.last_at)


@contextmanager
def alone(ledger: Ledger, place: Place) -> Iterator[Session | None]:
    """A connection on which a partition is gone through carefully, by one at a time; None when somebody else does.

    The lock is the session's, because it has to outlive the transactions of a careful drain; so these must all be on this
    connection, and a pooler that lends connections by the transaction must not stand between. It keeps nobody from an
    ordinary drain. A session that says nothing for ten seconds is ended by Postgres, for its machine may be gone.
    """
    key = (place.topic, place.part)
    with ledger.own_session() as connection:
        with committing(connection):
            got: bool = connection.exec_driver_sql(_BE_ALONE, key).scalar_one()
            connection.exec_driver_sql(_IDLE, ("10s" if got else "0",)).all()
        yield connection if got else None
        with committing(connection):
            if got:
                connection.exec_driver_sql(_END_ALONE, key).all()
            connection.exec_driver_sql(_IDLE, ("0",)).all()


def take(connection: Connection, place: Place, bound: int) -> list[Batch]:
    """Delete and return the oldest batches, at least one, about `bound` commands, and MOST_ROWS at most, in the order of the log.

    Without the partition's lock nothing is taken: the statement looks whether its transaction holds it.
    """
    return _batches(connection.exec_driver_sql(_TAKE, _take_values(place, bound)))


def lock_and_take(connection: Session, place: Place, bound: int) -> tuple[Lease | None, list[Batch]]:
    """Lock a partition and take from it in one round trip. A partition that has been struck is left as it is."""
    with connection.together():
        locked = connection.exec_driver_sql(_LOCK, (place.topic, place.part))
        taken = connection.exec_driver_sql(_TAKE, _take_values(place, bound))
        return _lease(locked), _batches(taken)


def _lease(answer: Any) -> Lease | None:
    row = answer.first()
    return None if row is None else Lease(row.strikes, row.last_at)


def _batches(answer: Any) -> list[Batch]:
    return sorted((Batch(*row) for row in answer), key=lambda batch: batch.position)


def _take_values(place: Place, bound: int) -> tuple[Any, ...]:
    return place.topic, place.part, f"{place.topic}:{place.part}", bound


def waits(connection: Connection, place: Place) -> bool:
    """Whether a partition has a batch."""
    return connection.exec_driver_sql(_WAITS, (place.topic, place.part)).first() is not None


def _row(place: Place, sent: Sequence[Envelope[Command]], gateway: str) -> tuple[Any, ...]:
    ids = id_array(one.id for one in sent)
    tenants, aggregates = id_array(one.tenant_id for one in sent), id_array(one.body.aggregate_id for one in sent)
    return (place.topic, place.part, gateway, ids, tenants, aggregates, len(sent), encode(sent))


def _chunks(sent: Sequence[Envelope[Command]]) -> Iterable[Sequence[Envelope[Command]]]:
    return (sent[start : start + BATCH] for start in range(0, len(sent), BATCH))


def forgive(connection: Connection, place: Place) -> None:
    """A clean drain: whatever made the sweeper knock is over."""
    connection.exec_driver_sql(_FORGIVE, (place.topic, place.part))


def follow(connection: Connection, place: Place, now: datetime) -> None:
    """Let no later drain be at an earlier moment than this one, which was that of a command from before a clock was set back."""
    connection.exec_driver_sql(_FOLLOW, (now, place.topic, place.part))


def hand_back(connection: Connection, place: Place, unknown: Sequence[tuple[Batch, Unknown]]) -> None:
    """Put commands that this program does not know back into the log, with the moment they came: a newer worker will know."""
    for batch, one in unknown:
        tenant, aggregate = UUID(one.raw[3]), UUID(int=0)
        row = (
            place.topic,
            place.part,
            batch.appended_at,
            "",
            [one.id],
            [tenant],
            [aggregate],
            1,
            encode_raw([one.raw]),
        )
        connection.exec_driver_sql(_HAND_BACK, row)


def append_as_of(connection: Connection, sent: Envelope[Command], partitions: int, received_at: datetime) -> Place:
    """Append a command that came at `received_at` and is to be judged by it; returns the partition to ring."""
    (place,) = places_of([sent], partitions)
    topic, part, gateway, *what = _row(place, [sent], "")
    connection.exec_driver_sql(_HAND_BACK, (topic, part, received_at, gateway, *what))
    return place


def oldest(connection: Connection, place: Place) -> Batch | None:
    """The oldest batch, left where it is."""
    row = connection.exec_driver_sql(_OLDEST, (place.topic, place.part)).first()
    return None if row is None else Batch(*row)


def count_try(connection: Connection, place: Place) -> Batch | None:
    """Raise the attempts of the oldest batch and return it."""
    row = connection.exec_driver_sql(_COUNT_TRY, (place.topic, place.part)).first()
    return None if row is None else Batch(*row)


def take_back_try(connection: Connection, batch: Batch) -> None:
    """Lower the attempts of a batch that were raised to these, if its first command is the same still."""
    connection.exec_driver_sql(_TAKE_BACK_TRY, (batch.position, batch.attempts, batch.body))


def put_rest(connection: Connection, batch: Batch, rest: Sequence[list[Any]]) -> None:
    """Leave the rest of a batch in its place, its tries at zero; nothing left, nothing kept."""
    if rest:
        connection.exec_driver_sql(_PUT_REST, (encode_raw(rest), len(rest), batch.position))
    else:
        connection.exec_driver_sql(_DELETE, (batch.position,))
