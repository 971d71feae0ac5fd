"""Walking the line: who is next, in order, past those who have gone."""

from __future__ import annotations

from typing import NamedTuple

from domain.queue.state import Entry, Queue, Status
from store.repositories.entries import Entries

FURTHEST = 4096
CHUNK = 64


class Ahead(NamedTuple):
    """Who is next, and the rank of the first who still waits after them: `unseen` says that it was not found yet."""

    called: list[Entry]
    head: int
    unseen: bool


def next_in_line(entries: Entries, queue: Queue, wanted: int) -> Ahead:
    """The next `wanted` people who wait, and where the line goes on.

    At most 4,096 ranks are looked at in one go, so that a long stretch of people who left costs many short slices
    instead of one long one; the rank returned is then where to look on.
    """
    line, called = queue.line, list[Entry]()
    rank, last = line.head, min(line.tickets, line.head + max(FURTHEST, 2 * wanted))
    while rank < last:
        tickets = [line.ticket_at(at) for at in range(rank, min(last, rank + max(CHUNK, wanted - len(called) + 1)))]
        here = entries.at_tickets(queue, tickets)
        for ticket in tickets:
            entry = here.get(ticket)
            if entry is not None and entry.status is Status.QUEUED:
                if len(called) == wanted:
                    return Ahead(called, rank, unseen=False)
                called.append(entry)
            rank += 1
    return Ahead(called, rank, unseen=rank < line.tickets)
