"""Careful mode: the oldest batch of a partition, one command to a transaction.

It is used when a batch could not be written, or when processes died over it again and again. What a command does to a
process is counted before it is tried, in a commit of its own; after five tries the command is buried and the others live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import structlog

from domain.command import SYSTEM
from store import command_log, dead
from store.command_log import Batch, Lease, Place
from store.database import see_tenants
from store.pipelined import Pipelined, pipelined, transaction
from store.wire import Unknown, arrays, decode
from store.work import Work, stored_outcome
from workers.decide import Decided, Taken, broken_outcome, dead_of
from workers.telling import Told

if TYPE_CHECKING:
    from workers.drain import Drain

TRIES = 5
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
log = structlog.get_logger("careful")


def oldest_batch(drain: Drain, place: Place) -> None:
    """Decide the oldest batch one command at a time, then forgive the partition its strikes."""
    first = _oldest(drain, place)
    while first is not None:
        batch = _counted(drain, place)
        if batch is None or batch.position != first.position:
            break
        if batch.attempts > TRIES:
            _bury(drain, place, RuntimeError(f"the process ended {TRIES} times over this command"))
        else:
            _try(drain, place)
    with transaction(drain.engine) as connection:
        if command_log.lock(connection, place) is not None:
            command_log.forgive(connection, place)


def _oldest(drain: Drain, place: Place) -> Batch | None:
    with pipelined(drain.engine) as connection:
        return command_log.oldest(connection, place)


def _counted(drain: Drain, place: Place) -> Batch | None:
    """The oldest batch, with this try already counted and committed."""
    with transaction(drain.engine) as connection:
        if command_log.lock(connection, place) is None:
            return None
        return command_log.count_try(connection, place)


def _try(drain: Drain, place: Place) -> None:
    try:
        with transaction(drain.engine) as connection:
            told = _first_alone(drain, connection, place)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as broken:
        _bury(drain, place, broken)
        return
    if told is not None:
        drain.tell(told)


def _first_alone(drain: Drain, connection: Pipelined, place: Place) -> Told | None:
    lease = command_log.lock(connection, place)
    batch = command_log.oldest(connection, place) if lease else None
    if lease is None or batch is None:
        return None
    first, *rest = arrays(batch.body)
    sent = decode(first)
    command_log.put_rest(connection, batch, rest)
    if isinstance(sent, Unknown):
        command_log.hand_back(connection, place, [(batch, sent)])
        return None
    work, decided = drain.consider(connection, place, lease, [Taken(sent, batch.appended_at)])
    return drain.write(connection, work, decided)


def _bury(drain: Drain, place: Place, broken: Exception) -> None:
    """Answer the first command with 500, keep it for the operator, and let the others go on."""
    with transaction(drain.engine) as connection:
        lease = command_log.lock(connection, place)
        batch = command_log.oldest(connection, place) if lease else None
        if lease is None or batch is None:
            return
        first, rest = _parted(batch)
        command_log.put_rest(connection, batch, rest)
        try:
            sent = decode(first)
        except UNREADABLE:
            see_tenants(connection, [SYSTEM])
            dead.bury_unreadable(connection, place, batch, first, lease.now)
            return
        if isinstance(sent, Unknown):
            command_log.hand_back(connection, place, [(batch, sent)])
            return
        told = _buried(drain, connection, place, lease, Taken(sent, batch.appended_at), broken)
    drain.tell(told)


def _parted(batch: Batch) -> tuple[list[Any], list[list[Any]]]:
    """The first command of a batch and the others; a batch that is no list of commands is one, which nobody can read."""
    try:
        first, *rest = arrays(batch.body)
    except UNREADABLE:
        return [batch.body.hex()], []
    return first, rest


def _buried(drain: Drain, connection: Pipelined, place: Place, lease: Lease, one: Taken, broken: Exception) -> Told:
    see_tenants(connection, [one.sent.tenant_id])
    work = Work(connection, place.topic, lease.now)
    work.turn_to(one.sent)
    outcome = broken_outcome(one.sent.id)
    work.answered(one.sent, outcome)
    work.flush()
    dead.bury(connection, [dead_of(one, broken, lease.now)], drain.partitions)
    log.error("command.buried", command=str(one.sent.id), type=one.sent.body.type, error=type(broken).__name__)
    return Told(Decided([(one, stored_outcome(outcome, one.sent), outcome)]), set(), work.changed())
