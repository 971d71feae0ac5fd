"""What a queue does by itself when its time has come: open, let in, let lapse, turn away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.decision import Decision, Event, Reply
from domain.distribution.state import Scope
from domain.fairness import REQUEUE, entry_leaf, leaf_hash, order_seed, rules_hash
from domain.ids import derived_id, unix_us
from domain.queue import events, pace
from domain.queue.rules.counting import counts_with, counts_without, removed
from domain.queue.rules.idling import first_seen
from domain.queue.state import Entry, Queue, Requeued, Status
from domain.queue.view import published_rules
from domain.receipts import Growth
from domain.times import Times

QUIET = Reply()
SPEED_WINDOW = timedelta(seconds=10)


def opens(queue: Queue, times: Times) -> bool:
    """Whether a command that was received now opens the queue."""
    opens_at = queue.config.open_at
    return _will_open(queue) and (opens_at is None or times.received_at >= opens_at)


def open_if_due(queue: Queue, times: Times) -> Decision:
    """Fix the order of everybody who came before the opening: one write, whatever their number.

    The cohort is what the ledger holds when the first command reaches it at or after openAt.
    """
    if not opens(queue, times):
        return Decision(QUIET)
    line = queue.line
    count, head = line.tickets, line.frontier.root()
    seed = order_seed(queue.id, rules_hash(published_rules(queue)), head, count, queue.server_seed)
    after = queue.with_line(
        opened_at=times.now, cohort=count, tree_head=head, seed=seed, revealed=queue.server_seed, head_stale=count > 0,
        credit=pace.first(queue.config), credited_at=times.now, speed_at=times.now,
    )  # fmt: skip
    fixed = events.OrderFixed(times.now, count, head.hex(), seed.hex())
    return Decision(QUIET, saves=(after,), events=(fixed,))


def service_over(queue: Queue, now: datetime) -> bool:
    """Whether the line is no longer served."""
    closes = queue.config.service_close_at
    return closes is not None and now >= closes


def room(queue: Queue, now: datetime) -> tuple[Queue, int]:
    """The queue with its credit brought up to now, and how many people it may let in now.

    The rate, the number inside, the number of admissions and the number waiting hold together.
    """
    line, config = queue.line, queue.config
    if line.opened_at is None or line.credited_at is None:
        return queue, 0
    credit = pace.filled(config, line.credit, line.opened_at, line.credited_at, now)
    filled = queue.with_line(credit=credit, credited_at=max(now, line.credited_at))
    if queue.ended is not None or queue.paused(Scope.SERVICE) or service_over(queue, now):
        return filled, 0
    return filled, max(0, min([credit // pace.GRANT, line.waiting, *_places(queue)]))


def call_next(queue: Queue, called: Sequence[Entry], head: int, now: datetime, *, stale: bool = False) -> Decision:
    """Grant the turn to `called`, who are next in order; `head` is the rank of the first who still waits after them.

    With `stale` that one was not found yet, and `head` is where to look on.
    """
    expires_at = now + timedelta(seconds=queue.config.admission_expiration_seconds)
    granted = tuple(grant(entry, now, expires_at) for entry in called)
    line = queue.line
    after = queue.with_line(
        head=max(head, line.head), head_stale=stale, waiting=line.waiting - len(granted),
        inside=line.inside + len(granted), admitted=line.admitted + len(granted),
        credit=line.credit - len(granted) * pace.GRANT, lapse_at=_earliest(line.lapse_at, expires_at if granted else None),
        **_speed(queue, max(head, line.head), now),
    )  # fmt: skip
    return Decision(QUIET, saves=(after, *granted), events=tuple(granted_event(queue, entry) for entry in granted))


def grant(entry: Entry, now: datetime, expires_at: datetime) -> Entry:
    """The entry with a grant. The grant's id follows from the participation, so deciding twice names one grant."""
    grant_id = derived_id(now, b"grant", entry.id.bytes, entry.requeues.to_bytes(2, "big"))
    return replace(
        entry, status=Status.GRANTED, version=entry.version + 1, grant_id=grant_id, granted_at=now,
        expires_at=expires_at, dequeued_at=now, validations=0, first_validated_at=None,
    )  # fmt: skip


def granted_event(queue: Queue, entry: Entry) -> events.Granted:
    """The event of a grant just given."""
    assert entry.grant_id and entry.granted_at and entry.expires_at  # noqa: S101 (narrows the type; grant() sets them)
    rank = queue.line.rank_of(entry.ticket)
    return events.Granted(
        entry.id,
        entry.consumer_id,
        entry.version,
        entry.grant_id,
        entry.granted_at,
        entry.expires_at,
        rank,
        entry.out_of_turn,
    )


def lapse(queue: Queue, lapsed: Iterable[Entry], next_lapse: datetime | None, times: Times) -> Decision:
    """Take back the grants whose time and grace are over; `next_lapse` is when the next one of the others ends.

    Those who go back to the line stand there in the order in which their grants ended, equal ones in that of the line.
    """
    after, saves, happened, leaves = queue, list[object](), list[Event](), list[Growth]()
    for entry in sorted(lapsed, key=lambda entry: (entry.expires_at, queue.line.rank_of(entry.ticket))):
        requeue = (
            queue.config.on_expiry == "requeue" and entry.requeues < queue.config.requeue_limit and queue.ended is None
        )
        one = (_requeue if requeue else _let_go)(after, entry, times)
        after = one.queue
        saves += one.saves
        happened.append(one.event)
        leaves += one.leaves
    after = after.with_line(lapse_at=next_lapse)
    return Decision(QUIET, saves=(after, *saves), events=tuple(happened), leaves=tuple(leaves))


def turn_away(queue: Queue, waiting: Iterable[Entry], reason: str, now: datetime) -> Decision:
    """Deny people who wait in a line that will not be served, or who were not seen for too long."""
    after, denied = queue, list[Entry]()
    for entry in waiting:
        after = after.with_line(**counts_without(after, entry))
        denied.append(replace(removed(entry, Status.DENIED, now), denied_at=now, reason=reason))
    happened = tuple(events.Denied(one.id, one.consumer_id, one.version, now, reason) for one in denied)
    return Decision(QUIET, saves=(after, *denied), events=happened)


def next_knock(queue: Queue, now: datetime) -> datetime | None:
    """When somebody has to knock next: the earliest of all that is due by itself; None when nothing is."""
    return _earliest(due_by_receipt(queue), due_by_now(queue, now))


def due_by_receipt(queue: Queue) -> datetime | None:
    """When the first thing is due that only a command can bring about which came by then: opening, going on, a lapse."""
    line = queue.line
    opens = queue.config.open_at if _will_open(queue) else None
    resumes = queue.pause.resume_at if queue.pause else None
    grace = timedelta(seconds=queue.config.completion_grace_seconds)
    lapses = line.lapse_at + grace if line.lapse_at and line.inside else None
    return _earliest(opens, resumes, lapses)


def due_by_now(queue: Queue, now: datetime) -> datetime | None:
    """When the first thing is due that any command brings about, whenever it came: a turn, the next slice of anything."""
    config, line = queue.config, queue.line
    service = config.service_close_at if line.waiting and queue.ended is None else None
    idles = line.idle_at if line.waiting and config.idle_timeout_seconds is not None else None
    looks = now if (line.head_stale and line.opened_at) or queue.extensions else None
    return _earliest(service, idles, looks, _clears(queue, now), _next_turn(queue, now))


def denial_of_the_waiting(queue: Queue, now: datetime) -> str | None:
    """Why everybody who still waits is to be denied, if so."""
    over = queue.ended is not None or service_over(queue, now)
    return "QUEUE_CLOSED" if over and queue.line.waiting else None


def _will_open(queue: Queue) -> bool:
    """Whether the order is yet to be drawn. A hidden queue waits to be shown, one that was ended never opens."""
    return queue.line.opened_at is None and queue.published and queue.ended is None and not queue.archived


def _clears(queue: Queue, now: datetime) -> datetime | None:
    """An ended queue is cleared in slices, without a rest between them."""
    return now if queue.clearing else None


def _places(queue: Queue) -> list[int]:
    config, line = queue.config, queue.line
    places = []
    if config.max_active_grants is not None:
        places.append(config.max_active_grants - line.inside)
    if config.max_admissions is not None:
        places.append(config.max_admissions - line.admitted)
    return places


def _next_turn(queue: Queue, now: datetime) -> datetime | None:
    line = queue.line
    if line.opened_at is None or not line.waiting or queue.ended or queue.paused(Scope.SERVICE):
        return None
    if min([1, *_places(queue)]) < 1 or service_over(queue, now):
        return None
    return pace.enough_at(queue.config, line.credit, line.opened_at, now)


class _Lapsed(NamedTuple):
    queue: Queue
    saves: tuple[object, ...]
    event: Event
    leaves: tuple[Growth, ...] = ()


def _let_go(queue: Queue, entry: Entry, times: Times) -> _Lapsed:
    gone = replace(removed(entry, Status.DENIED, times.now), denied_at=times.now, reason="ADMISSION_EXPIRED")
    after = queue.with_line(**counts_without(queue, entry))
    event = events.Denied(gone.id, gone.consumer_id, gone.version, times.now, "ADMISSION_EXPIRED")
    return _Lapsed(after, (gone,), event)


def _requeue(queue: Queue, entry: Entry, times: Times) -> _Lapsed:
    ticket = queue.line.tickets
    back = replace(
        entry, status=Status.QUEUED, version=entry.version + 1, ticket=ticket, requeues=entry.requeues + 1,
        grant_id=None, granted_at=None, expires_at=None, dequeued_at=None, out_of_turn=False,
        seen_at=first_seen(queue, times.now),
    )  # fmt: skip
    leaf = leaf_hash(entry_leaf(REQUEUE, ticket, entry.id, unix_us(times.received_at)))
    after = queue.with_line(**counts_without(queue, entry), **counts_with(queue, leaf, times.now))
    second_leaf = Requeued(queue.tenant_id, queue.id, ticket, entry.id, times.received_at)
    event = events.Requeued(back.id, back.consumer_id, back.version, ticket, times.now, back.requeues)
    return _Lapsed(after, (back, second_leaf), event, (Growth(queue.line.frontier, leaf),))


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _speed(queue: Queue, head: int, now: datetime) -> dict[str, object]:
    """The measured speed of the head in places per second, smoothed over windows of ten seconds."""
    line = queue.line
    if line.speed_at is None or now - line.speed_at < SPEED_WINDOW:
        return {}
    measured = (head - line.speed_head) / (now - line.speed_at).total_seconds()
    speed = measured if not line.speed else (line.speed + measured) / 2
    return {"speed": speed, "speed_at": now, "speed_head": head}
