"""What a draw does by itself once the first winners are named: let lapse, end, take back, and when it is to be knocked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.decision import Decision, Event
from domain.draw import events
from domain.draw.rules import recording
from domain.draw.rules.counting import removed, without
from domain.draw.rules.drawing import QUIET, will_reveal, will_seal
from domain.draw.rules.filling import fills
from domain.draw.rules.logging import log_step
from domain.draw.state import Draw, Entry, Status
from domain.fairness.draws import steps
from domain.fairness.record import bodies
from domain.times import Times


def lapse(draw: Draw, lapsed: Iterable[Entry], next_lapse: datetime | None, times: Times) -> Decision:
    """Take back the wins whose time and grace are over, in the order in which they ended; `next_lapse` is when the next does."""
    after, saves, happened = draw, list[object](), list[Event]()
    for entry in lapsed:
        again = _may_go_on(draw, entry)
        after, gone, event = (_requeued if again else _let_go)(without(after, entry), entry, times.now)
        saves.append(gone)
        happened.append(event)
        if draw.ended is None:
            told = (steps.Requeued if again else steps.Expired)(participation_id=entry.id)
            after, step = log_step(after, told, times.now)
            saves.append(step)
    after = after.with_pool(lapse_at=next_lapse)
    return Decision(QUIET, saves=(after, *saves), events=tuple(happened))


def close_if_due(draw: Draw, now: datetime) -> Decision:
    """End the promotions when all places were used, nobody is left who could win, or the claims end."""
    over = now >= draw.config.claims_end_at
    if not may_close(draw) or not (over or _nobody_left(draw, now)):
        return Decision(QUIET)
    used_up = _nobody_left(draw, now)
    done = draw.with_pool(completed_at=now)
    logged, step = log_step(done, steps.CompletedAll() if used_up else steps.ClaimClosed(), now)
    told = (bodies.Completed if used_up else bodies.ClaimClosed)(steps=recording.steps_of(logged))
    event = events.DrawCompleted(now, draw.pool.completed)
    return Decision(QUIET, saves=(logged, step, recording.record(draw, told, now)), events=(event,))


def may_close(draw: Draw) -> bool:
    """Whether promotions have begun and not ended."""
    return draw.pool.last is not None and draw.pool.completed_at is None and draw.ended is None


def take_back(draw: Draw, inside: Iterable[Entry], times: Times) -> Decision:
    """Revoke grants of a draw that was ended. Its log has ended too."""
    after, saves, happened = draw, list[object](), list[Event]()
    for entry in inside:
        gone = replace(removed(entry, Status.DENIED), denied_at=times.now, reason="DRAW_CLOSED")
        after = without(after, entry)
        saves.append(gone)
        happened.append(events.Denied(gone.id, gone.consumer_id, gone.version, times.now, "DRAW_CLOSED"))
    return Decision(QUIET, saves=(after, *saves), events=tuple(happened))


def next_knock(draw: Draw, now: datetime) -> datetime | None:
    """When somebody has to knock next: the earliest of all that is due by itself; None when nothing is."""
    return _earliest(due_by_receipt(draw), due_by_now(draw, now))


def due_by_receipt(draw: Draw) -> datetime | None:
    """When the first thing is due that only a command can bring about which came by then: the freeze, going on, a lapse."""
    pool = draw.pool
    seals = draw.config.closes_at if will_seal(draw) else None
    resumes = draw.pause.resume_at if draw.pause else None
    grace = timedelta(seconds=draw.config.completion_grace_seconds)
    lapses = pool.lapse_at + grace if pool.lapse_at and pool.inside and not draw.selecting else None
    return _earliest(seals, resumes, lapses)


def due_by_now(draw: Draw, now: datetime) -> datetime | None:
    """When the first thing is due that any command brings about, whenever it came: the draw, the next slice of anything."""
    reveals = draw.config.draw_at if will_reveal(draw) else None
    works = now if draw.selecting or fills(draw, now) or draw.clearing else None
    closes = draw.config.claims_end_at if may_close(draw) else None
    return _earliest(reveals, works, closes, now if may_close(draw) and _nobody_left(draw, now) else None)


def _may_go_on(draw: Draw, entry: Entry) -> bool:
    """Whether somebody whose win lapsed waits behind the order, instead of being out."""
    config = draw.config
    promotes = config.continue_selecting_until_completed and draw.pool.completed_at is None and draw.ended is None
    return promotes and config.on_expiry == "requeue" and entry.requeues < config.requeue_limit


def _nobody_left(draw: Draw, now: datetime) -> bool:
    """Whether all places were used, or nobody holds a grant and nobody else can win."""
    pool = draw.pool
    if pool.completed >= draw.config.winner_count:
        return True
    promotes = draw.config.continue_selecting_until_completed
    return not pool.inside and (not promotes or pool.stuck) and not fills(draw, now)


def _let_go(draw: Draw, entry: Entry, now: datetime) -> tuple[Draw, Entry, Event]:
    gone = replace(removed(entry, Status.DENIED), denied_at=now, reason="ADMISSION_EXPIRED")
    return draw, gone, events.Denied(gone.id, gone.consumer_id, gone.version, now, "ADMISSION_EXPIRED")


def _requeued(draw: Draw, entry: Entry, now: datetime) -> tuple[Draw, Entry, Event]:
    pool = draw.pool
    back = replace(
        removed(entry, Status.ENTERED), behind=pool.behind, requeues=entry.requeues + 1, grant_id=None, granted_at=None,
        expires_at=None, promoted=False, prize=None,
    )  # fmt: skip
    after = draw.with_pool(behind=pool.behind + 1, entered=pool.entered + 1)
    return after, back, events.Requeued(back.id, back.consumer_id, back.version, now, back.requeues)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
