"""One person more in the line, one less in the line or in the shop: the counts that every way in and out shares."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.queue.state import Entry, Queue, Status


def counts_with(queue: Queue, leaf: bytes, now: datetime) -> dict[str, object]:
    """The line's log and counts once one more waits.

    Speed is measured while somebody waits: an empty line stands still because nobody is there, not because it is slow.
    """
    line = queue.line
    counts: dict[str, object] = {
        "tickets": line.tickets + 1,
        "frontier": line.frontier.append(leaf),
        "waiting": line.waiting + 1,
    }
    if line.opened_at is None or line.waiting:
        return counts
    return counts | {"speed_at": now, "speed_head": line.head}


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
