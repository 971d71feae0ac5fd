"""Who waits without a sign of life: when that is looked at, and who has been away for too long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.decision import Decision, Reply
from domain.queue.state import Entry, Queue
from domain.times import Times

PUNCTUAL = timedelta(seconds=5)
SILENCE = timedelta(seconds=30)
"""How long gateways may tell nothing and have listened all the same: they tell every ten seconds, if only of nobody."""


def look_for_idle(queue: Queue, times: Times) -> tuple[Queue, datetime | None]:
    """The queue with the time of its next look, and since when who goes now was not seen: None while nobody is judged.

    Looked at four times in a timeout, by the last time that gateways told who was seen: a sign that came in time and
    lies further back in the log still counts. A look that comes late judges nobody and gives everybody a whole timeout
    from now, because while the house itself was away nobody could be noted. For the same reason nobody is judged by a
    time in which no gateway told of this queue: they were away, were refused, or were not asked about it by anybody.
    """
    idle, due = timedelta(seconds=queue.config.idle_timeout_seconds or 0), queue.line.idle_at
    if due is not None and due + PUNCTUAL < times.now:
        return queue.with_line(idle_at=times.now + idle), None
    if due is not None and times.now < due <= times.now + idle:
        return queue, None
    return queue.with_line(idle_at=times.now + idle / 4), _unseen_since(queue, idle, times.received_at)


def _unseen_since(queue: Queue, idle: timedelta, received_at: datetime) -> datetime | None:
    """Since when somebody must not have been seen, if gateways listened all that time and until now."""
    line = queue.line
    if line.heard_at is None or line.heard_since is None:
        return None
    since = min(received_at, line.heard_at) - idle
    return since if line.heard_since <= since else None


def asking(before: Queue, after: Queue, now: datetime) -> Queue:
    """A queue whose settings changed. One that begins to ask for signs leaves everybody a whole timeout to give the first."""
    idle = after.config.idle_timeout_seconds
    if idle is None or before.config.idle_timeout_seconds is not None:
        return after
    return after.with_line(idle_at=now + timedelta(seconds=idle))


def first_seen(queue: Queue, now: datetime) -> datetime | None:
    """The first sign of somebody who joins: kept where the queue asks for signs, because an index has to be paid for it.

    Whoever joined before the organizer asked for signs has none, and is judged only after a first one.
    """
    return None if queue.config.idle_timeout_seconds is None else now


def note_presence(queue: Queue, seen: Iterable[Entry], times: Times, *, listened: bool) -> Decision:
    """These people were seen when this was received: their time without a sign begins anew, and never earlier than before.

    A gateway that has told of everybody, if only of nobody, has listened until then.
    """
    at = times.received_at
    told = tuple(replace(one, seen_at=max(at, one.seen_at or at)) for one in seen)
    return Decision(Reply(), saves=(_heard(queue, at), *told) if listened else told)


def _heard(queue: Queue, at: datetime) -> Queue:
    line = queue.line
    if line.heard_at is None or line.heard_at + SILENCE < at:
        return queue.with_line(heard_at=at, heard_since=at)
    return queue.with_line(heard_at=max(at, line.heard_at))
