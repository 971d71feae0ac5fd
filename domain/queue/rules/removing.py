"""Taking one person out of the line or out of the shop: the counts that every way out shares."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.queue.state import Entry, Queue, Status


def removed(entry: Entry, status: Status, now: datetime) -> Entry:
    """The entry with its new status; it left the line now, unless a grant had taken it out before."""
    return replace(entry, status=status, version=entry.version + 1, dequeued_at=entry.dequeued_at or now)


def counts_without(queue: Queue, entry: Entry) -> dict[str, object]:
    """The line's counts once a waiting or granted person is gone. A freed place is free at once.

    The head goes stale when the person at the head goes: who is next must be looked up.
    """
    line = queue.line
    if entry.status is Status.GRANTED:
        return {"inside": line.inside - 1, "admitted": line.admitted - 1}
    at_head = line.opened_at is not None and line.rank_of(entry.ticket) == line.head
    return {"waiting": line.waiting - 1, "head_stale": line.head_stale or at_head}
