"""Careful mode: the oldest batch of a partition, one command to a transaction.

It is used when a batch could not be decided or written, or when processes died over it again and again. What a command
does to a process is counted before it is tried, in a commit of its own; after five tries the command is buried and the
others live. A try that the store ended is taken back (`workers/sparing.py`). What was due to the aggregate of a buried
command is promised to be tried again later. Only one at a time goes through a partition so, because a try that is counted
must be made, and by nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from domain.command import SYSTEM, Command, Envelope
from store import command_log, dead, timers
from store.command_log import Batch, Lease, Place
from store.database import AWAY, see_tenants
from store.ledger import Ledger
from store.pipelined import Session, committing
from store.wire import Unknown, arrays, encode_raw
from store.work import Work
from workers.decide import Decided, Taken, answered, broken_outcome, dead_of
from workers.handlers import SETTLES
from workers.opening import understood
from workers.sparing import Spared
from workers.telling import Told

TRIES = 5
AGAIN_AFTER, AGAIN_WITHIN = timedelta(minutes=1), timedelta(minutes=15)
REMEMBERED = timedelta(days=1)
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
log = structlog.get_logger("careful")


class Steps(Protocol):
    """What a round of the drain is made of: it is gone through here too, for one command at a time."""

    @property
    def ledger(self) -> Ledger:
        """Where sessions are had."""
        ...

    @property
    def partitions(self) -> int:
        """How many partitions each topic has."""
        ...

    @property
    def spared(self) -> Spared:
        """The tries that count against nobody."""
        ...

    def consider(self, connection: Session, place: Place, lease: Lease, taken: Sequence[Taken]) -> tuple[Work, Decided]:
        """Read what is needed and decide, inside the caller's transaction; nothing is written yet."""
        ...

    def write(self, connection: Session, work: Work, decided: Decided) -> Told:
        """Write all that was decided, inside the caller's transaction."""
        ...

    def tell(self, told: Told) -> None:
        """After the commit: answers, nudges, bells, log lines."""
        ...


def oldest_batch(steps: Steps, place: Place) -> bool:
    """Decide the oldest batch one command at a time, then forgive the partition its strikes.

    False when somebody else is doing that already; then nothing was counted, decided or forgiven.
    """
    steps.spared.take_back(steps.ledger)
    try:
        return _alone(steps, place)
    except AWAY:
        steps.spared.take_back(steps.ledger)
        raise


def _alone(steps: Steps, place: Place) -> bool:
    with command_log.alone(steps.ledger, place) as connection:
        if connection is None:
            return False
        _through(steps, connection, place)
        with committing(connection):
            command_log.wait_and_lock(connection, place)
            command_log.forgive(connection, place)
        return True


def _through(steps: Steps, connection: Session, place: Place) -> None:
    first = batch = _counted(steps, connection, place)
    while batch is not None and first is not None and batch.position == first.position:
        if batch.attempts > TRIES:
            _bury(steps, connection, place, batch, RuntimeError(f"the process ended {TRIES} times over this command"))
        else:
            _try(steps, connection, place, batch)
        steps.spared.decided(batch)
        batch = _counted(steps, connection, place, first)


def _counted(steps: Steps, connection: Session, place: Place, only: Batch | None = None) -> Batch | None:
    """The oldest batch (if it is this one still) with this try already counted and committed."""
    counted: Batch | None = None
    try:
        with committing(connection):
            command_log.wait_and_lock(connection, place)
            if only is None or _is_oldest(connection, place, only):
                counted = command_log.count_try(connection, place)
    except AWAY:
        if counted is not None:
            steps.spared.owe(counted)
        raise
    return counted


def _is_oldest(connection: Session, place: Place, batch: Batch) -> bool:
    oldest = command_log.oldest(connection, place)
    return oldest is not None and oldest.position == batch.position


def _try(steps: Steps, connection: Session, place: Place, batch: Batch) -> None:
    lease: Lease | None = None
    try:
        with committing(connection):
            lease = command_log.wait_and_lock(connection, place)
            told = _first_alone(steps, connection, place, batch, lease)
    except AWAY as failure:
        if lease is None:
            steps.spared.owe(batch)
        else:
            steps.spared.lost(batch, failure)
        raise
    except Exception as broken:  # noqa: BLE001 (whatever breaks over this command must not reach the others)
        _bury(steps, connection, place, batch, broken)
        return
    if told is not None:
        steps.tell(told)


def _first_alone(steps: Steps, connection: Session, place: Place, batch: Batch, lease: Lease) -> Told | None:
    if not _is_oldest(connection, place, batch):
        return None
    first, *rest = arrays(batch.body)
    sent = understood(first)
    command_log.put_rest(connection, batch, rest)
    if isinstance(sent, Unknown):
        command_log.hand_back(connection, place, [(batch, sent)])
        return None
    work, decided = steps.consider(connection, place, lease, [Taken(sent, batch.appended_at)])
    return steps.write(connection, work, decided)


def _bury(steps: Steps, connection: Session, place: Place, batch: Batch, broken: Exception) -> None:
    """Answer the first command with 500, keep it for the operator, and let the others go on."""
    try:
        with committing(connection):
            told = _answered_and_kept(steps, connection, place, batch, broken)
    except AWAY:
        raise
    except Exception:
        log.exception("command.unburied", topic=place.topic, part=place.part)
        with committing(connection):
            _only_kept(connection, place, batch)
        return
    if told is not None:
        steps.tell(told)


def _answered_and_kept(steps: Steps, connection: Session, place: Place, batch: Batch, broken: Exception) -> Told | None:
    lease = command_log.wait_and_lock(connection, place)
    if not _is_oldest(connection, place, batch):
        return None
    first, rest = _parted(batch)
    command_log.put_rest(connection, batch, rest)
    try:
        sent = understood(first)
    except UNREADABLE:
        _keep_raw(connection, place, batch, first, lease)
        return None
    if isinstance(sent, Unknown):
        command_log.hand_back(connection, place, [(batch, sent)])
        return None
    return _buried(steps, connection, place, lease, Taken(sent, batch.appended_at), broken)


def _only_kept(connection: Session, place: Place, batch: Batch) -> None:
    """Keep a command as bytes, because it can be answered and kept in no other way, and must not stay in the way."""
    lease = command_log.wait_and_lock(connection, place)
    if _is_oldest(connection, place, batch):
        first, rest = _parted(batch)
        command_log.put_rest(connection, batch, rest)
        _keep_raw(connection, place, batch, [encode_raw([first]).hex()], lease)


def _keep_raw(connection: Session, place: Place, batch: Batch, raw: list[Any], lease: Lease) -> None:
    see_tenants(connection, [SYSTEM])
    dead.bury_unreadable(connection, place, batch, raw, lease.now)


def _parted(batch: Batch) -> tuple[list[Any], list[list[Any]]]:
    """The first command of a batch and the others; a batch that is no list of commands is one, which nobody can read."""
    try:
        first, *rest = arrays(batch.body)
    except UNREADABLE:
        return [batch.body.hex()], []
    return first, rest


def _buried(steps: Steps, connection: Session, place: Place, lease: Lease, one: Taken, broken: Exception) -> Told:
    see_tenants(connection, [one.sent.tenant_id])
    work = Work(connection, place.topic, lease.now)
    work.turn_to(one.sent)
    outcome = broken_outcome(one.sent.id)
    kept = answered(work, one, outcome)
    work.flush()
    dead.bury(connection, [dead_of(one, broken, lease.now)], steps.partitions)
    promised = _promised_again(connection, one.sent, lease.now)
    log.error("command.buried", command=str(one.sent.id), type=one.sent.body.type, error=type(broken).__name__)
    return Told(Decided(work.now, [(one, kept, outcome)]), set(), work.changed(), timers=promised)


def _promised_again(connection: Session, sent: Envelope[Command], now: datetime) -> bool:
    """Promise to try again what was due to the aggregate, unless that is promised already; whether anything was due.

    After a minute, and later each time it is buried again within a day, because each time kills processes. Nothing of the
    aggregate is read, because reading it may be what kills them.
    """
    settling = SETTLES.get(sent.body.topic)
    if settling is None:
        return False
    died = dead.deaths(connection, sent.body.aggregate_id, now - REMEMBERED)
    again = min(AGAIN_AFTER * 2 ** min(died - 1, 10), AGAIN_WITHIN)
    timers.promise(connection, sent.tenant_id, settling.promise(sent.body.aggregate_id, now + again))
    return True
