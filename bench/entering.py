"""The real system as a place to enter: queues in which everybody waits, or that are open and serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from bench.people import Person
from bench.rows import one_row
from bench.system import System, tomorrow

_COUNTED = b"""
    SELECT count(*), count(DISTINCT e.consumer_id), q.tickets FROM queue q
    LEFT JOIN queue_entry e ON e.tenant_id = q.tenant_id AND e.queue_id = q.id
    WHERE q.id = %s GROUP BY q.tickets
"""


@dataclass(frozen=True, slots=True)
class Entering:
    """A crowd before the real system; `people` gives those of the next run, who are in none of its queues yet.

    With `serving` the queues are open and let people in, else nobody is let in yet.
    """

    system: System
    people: Callable[[], list[Person]]
    serving: bool = False

    @property
    def host(self) -> str:
        """Address to dial."""
        return self.system.host

    @property
    def port(self) -> int:
        """Port to dial."""
        return self.system.port

    def new_queue(self) -> UUID:
        """A fresh queue that takes entries now and is never full."""
        return self.system.new_queue(**({} if self.serving else tomorrow()))

    def enters(self, queue_id: UUID) -> Iterable[bytes]:
        """One request per person, with tokens that the gateway has never seen."""
        return self.system.enters(queue_id, self.people())

    def entered(self, queue_id: UUID) -> int:
        """How many are in the queue by the store. RuntimeError when somebody is in twice or a ticket is missing.

        A queue that serves is paused with that, so that it takes nothing from the runs that follow.
        """
        if self.serving:
            self.system.admin.post(f"/queues/{queue_id}/pause", {"scope": "SERVICE"})
        with self.system.connect() as connection:
            people, distinct, tickets = one_row(connection, _COUNTED, (queue_id,))
        if not people == distinct == tickets:
            raise RuntimeError(f"{people} places of {distinct} people with {tickets} tickets")
        return int(people)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteringThere(Entering):
    """A crowd before one queue, `queue_id`, in which others are already."""

    queue_id: UUID

    def new_queue(self) -> UUID:
        """The queue that is there."""
        return self.queue_id

    def entered(self, queue_id: UUID) -> int:
        """How many are in the queue by the store. RuntimeError when a ticket is missing."""
        with self.system.connect() as connection:
            (tickets,) = one_row(connection, b"SELECT tickets FROM queue WHERE id = %s", (queue_id,))
            (people,) = one_row(connection, b"SELECT count(*) FROM queue_entry WHERE queue_id = %s", (queue_id,))
        if people != tickets:
            raise RuntimeError(f"{people} places with {tickets} tickets")
        return int(people)
