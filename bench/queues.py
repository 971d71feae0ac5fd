"""Changing a queue behind the system's back, as its one writer: under the lock of its partition, by its repository."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from bench.rows import one_row
from bench.system import System
from bench.writing import as_writer
from domain.decision import Timer
from domain.queue.commands import KnockQueue
from domain.queue.state import Queue
from store import database, timers
from store.repositories.base import Tenancy
from store.repositories.queues import Queues

_PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Held:
    """A queue whose only writer we are until the transaction ends."""

    connection: Connection
    queue: Queue
    _queues: Queues

    def put(self, queue: Queue, knock_at: datetime | None = None) -> None:
        """Keep a new state, with the timer of its next knock."""
        self.queue = replace(queue, version=queue.version + 1, knock_at=knock_at)
        self._queues.put(self.queue)
        timer = Timer(queue.id, "knock", knock_at, KnockQueue(queue_id=queue.id))
        timers.write(self.connection, [(queue.tenant_id, timer)])


@contextmanager
def writing(system: System, queue_id: UUID) -> Iterator[Held]:
    """The queue to be written, committed at the end of the block. TimeoutError when its partition is never free."""
    with as_writer(system, "queue", queue_id) as connection:
        queues = Queues(Tenancy(connection, system.organization.test_tenant_id))
        queue = queues.get(queue_id)
        if queue is None:
            raise LookupError(f"there is no queue {queue_id}")
        yield Held(connection, queue, queues)
        queues.flush()


def open_now(system: System, queue_id: UUID) -> None:
    """Put the opening to this moment, and return when the queue is open."""
    with writing(system, queue_id) as held:
        now = database.ledger_now(held.connection)
        config = held.queue.config.model_copy(update={"open_at": now, "entry_open_at": now})
        held.put(replace(held.queue, config=config), now)
    until = time.monotonic() + _PATIENCE_SECONDS
    while not _is_open(system, queue_id):
        if time.monotonic() > until:
            raise TimeoutError(f"the queue {queue_id} does not open")
        time.sleep(0.05)


def _is_open(system: System, queue_id: UUID) -> bool:
    with system.connect() as connection:
        (opened_at,) = one_row(connection, b"SELECT opened_at FROM queue WHERE id = %s", (queue_id,))
    return opened_at is not None
