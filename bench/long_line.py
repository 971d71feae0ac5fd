"""A queue of a million: seeded once, and put back to before its opening as often as a figure wants to open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench.people import Person
from bench.queues import writing
from bench.rows import one_row
from bench.seeding import seed
from bench.system import System, tomorrow
from domain.queue.state import Line
from runtime.clock import Clock
from store.database import ledger_now

GRANT_SECONDS = 86_400
_BACK = """
    UPDATE queue_entry SET status = 'QUEUED', grant_id = NULL, granted_at = NULL, expires_at = NULL, dequeued_at = NULL
    WHERE tenant_id = %s AND queue_id = %s AND status = 'GRANTED'
"""
_GRANTS = "DELETE FROM queue_grant WHERE tenant_id = %s AND queue_id = %s"
_ADMITTED = b"SELECT admitted, clock_timestamp() FROM queue WHERE id = %s"
_FIRST_GRANT = b"SELECT min(granted_at) FROM queue_entry WHERE queue_id = %s AND status = 'GRANTED'"


@dataclass(frozen=True, slots=True)
class LongLine:
    """The queue; `pollers` are those of its people who have sessions, spread over the whole line."""

    system: System
    queue_id: UUID
    pollers: Sequence[Person]
    waiting: int

    def rewind(self, ahead: timedelta, **settings: Any) -> datetime:
        """Put everybody back into the line; it opens `ahead` from now, with these settings of QueueConfig. When it opens."""
        with writing(self.system, self.queue_id) as held:
            queue = held.queue
            held.connection.exec_driver_sql(_BACK, (queue.tenant_id, queue.id))
            held.connection.exec_driver_sql(_GRANTS, (queue.tenant_id, queue.id))
            opens_at = ledger_now(held.connection) + ahead
            line = Line(tickets=queue.line.tickets, frontier=queue.line.frontier, waiting=queue.line.tickets)
            config = queue.config.model_copy(
                update={"admission_expiration_seconds": GRANT_SECONDS, "max_admissions": None}
                | {"entry_open_at": opens_at - timedelta(days=1), "open_at": opens_at}
                | settings
            )
            held.put(replace(queue, line=line, config=config, pause=None), opens_at)
        return opens_at

    def pause(self) -> None:
        """Let nobody in any more."""
        self.system.admin.post(f"/queues/{self.queue_id}/pause", {"scope": "SERVICE"})

    def admitted(self, connection: psycopg.Connection[Any]) -> tuple[int, datetime]:
        """How many were admitted by what is committed, and when that was seen."""
        admitted, seen_at = one_row(connection, _ADMITTED, (self.queue_id,))
        return admitted, seen_at

    def first_grant(self) -> datetime:
        """The date of the first grant."""
        with self.system.connect() as connection:
            (granted_at,) = one_row(connection, _FIRST_GRANT, (self.queue_id,))
        moment: datetime = granted_at
        return moment


def long_line(system: System, waiting: int, pollers: int) -> LongLine:
    """A queue in which so many wait for tomorrow."""
    people, clock = system.people(pollers), Clock()
    every = waiting // pollers
    consumers = [people[at // every].consumer_id if not at % every else clock.new_id() for at in range(waiting)]
    queue_id = system.new_queue(**tomorrow())
    seed(system, queue_id, consumers)
    return LongLine(system, queue_id, people, waiting)
