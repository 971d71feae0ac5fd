"""What keeps a queue going: brought up to date before a command, served after the last one of a drain."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from domain.queue import rules
from domain.queue.commands import KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from store.repositories.line import next_in_line
from store.work import Work
from workers.knocking import Knocking

SLICE = 600
"""People whom one drain lets in, lets go or turns away."""


KNOCKING: Final[Knocking[Queue]] = Knocking(
    kept=lambda work: work.queues,
    command=lambda queue_id, after_slice: KnockQueue(queue_id=queue_id, after_slice=after_slice),
    due=rules.next_knock,
    by_receipt=rules.due_by_receipt,
    by_now=rules.due_by_now,
)


def up_to_date(work: Work, queue_id: UUID, times: Times) -> Queue | None:
    """The queue as it is at this moment: opened, resumed and rid of lapsed grants, if any of that is due."""
    queue = work.queues.get(queue_id)
    if queue is None:
        return None
    for due in (_open, _resume, _lapse):
        if due(work, queue, times):
            queue = _known(work, queue_id)
    return queue


def serve(work: Work, queue_id: UUID, times: Times) -> None:
    """Let the next in, turn away who will not be served, and set the timer of the next knock.

    After a slice whoever has come meanwhile is answered first, in a drain without a slice; then comes the next slice.
    """
    if work.queues.get(queue_id) is None:
        return
    if _known(work, queue_id).config.open_at is None:
        _open(work, _known(work, queue_id), times)
    if queue_id in work.patient and len(work.page(queue_id).command_ids) > 1:
        work.queues.put(rules.room(_known(work, queue_id), times.now)[0])
        KNOCKING.promise(work, _known(work, queue_id), times, after_slice=False)
        return
    _extend(work, _known(work, queue_id))
    _turn_away(work, _known(work, queue_id), times)
    _call(work, _known(work, queue_id), times)
    KNOCKING.promise(work, _known(work, queue_id), times, after_slice=True)


def _known(work: Work, queue_id: UUID) -> Queue:
    queue = work.queues.get(queue_id)
    assert queue is not None  # noqa: S101 (looked up before)
    return queue


def _open(work: Work, queue: Queue, times: Times) -> bool:
    if queue.line.opened_at is not None or not rules.opens(queue, times):
        return False
    work.save(rules.open_if_due(queue, times))
    return True


def _resume(work: Work, queue: Queue, times: Times) -> bool:
    if queue.pause is None:
        return False
    work.save(rules.resume_if_due(queue, times))
    return True


def _lapse(work: Work, queue: Queue, times: Times) -> bool:
    """By the time of receipt, so that a grant that is used in time counts however late that is decided.

    While grants are getting longer nobody is judged by an end that may still move.
    """
    if queue.line.lapse_at is None:
        return False
    ended_by = times.received_at - timedelta(seconds=queue.config.completion_grace_seconds) - queue.most_promised
    if queue.line.lapse_at > ended_by or not work.entries.lapses_left(queue, SLICE):
        return False
    lapsed = work.entries.lapsed(queue, ended_by, SLICE)
    work.save(rules.lapse(queue, lapsed, work.entries.next_lapse(queue, lapsed), times))
    return True


def _extend(work: Work, queue: Queue) -> None:
    if queue.extensions:
        live = work.entries.to_extend(queue, queue.extensions[0], SLICE)
        work.save(rules.extend(queue, live, ended=len(live) < SLICE))


def _turn_away(work: Work, queue: Queue, times: Times) -> None:
    reason = rules.denial_of_the_waiting(queue, times.now)
    if reason is not None:
        ahead = next_in_line(work.entries, queue, SLICE)
        left = queue.with_line(head=ahead.head, head_stale=ahead.unseen)
        work.save(rules.turn_away(left, ahead.called, reason, times.now))
    elif queue.ended is not None and queue.ended.revoke_grants and queue.line.inside:
        work.save(rules.turn_away(queue, work.entries.inside(queue, SLICE), "QUEUE_CLOSED", times.now))
    elif queue.config.idle_timeout_seconds is not None and queue.line.waiting:
        _turn_away_idle(work, queue, times)


def _turn_away_idle(work: Work, queue: Queue, times: Times) -> None:
    looked, since = rules.look_for_idle(queue, times)
    gone = [] if since is None else work.entries.unseen(queue, since, SLICE)
    if looked is queue:
        return
    after = looked.with_line(idle_at=times.now) if len(gone) == SLICE else looked
    work.save(rules.turn_away(after, gone, "IDLE_TIMEOUT", times.now))


def _call(work: Work, queue: Queue, times: Times) -> None:
    filled, room = rules.room(queue, times.now)
    if room or queue.line.head_stale:
        ahead = next_in_line(work.entries, filled, min(room, SLICE))
        work.save(rules.call_next(filled, ahead.called, ahead.head, times.now, stale=ahead.unseen))
    elif filled.line.credit != queue.line.credit:
        work.queues.put(filled)
