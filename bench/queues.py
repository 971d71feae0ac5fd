"""Changing a queue behind the system's back, as its one writer: under the lock of its partition, by its repository."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import redis
from sqlalchemy import Connection

from bench.rows import one_row
from bench.system import System
from domain.decision import Timer
from domain.queue.commands import KnockQueue
from domain.queue.state import Queue
from store import command_log, database, timers
from store.command_log import Place
from store.repositories.base import Tenancy
from store.repositories.queues import Queues
from store.wire import partition_of
from workers.replies import nudge_timers

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
    engine = database.engine(system.installation.owner_url, database.OPERATOR, pool=1)
    try:
        with engine.begin() as connection:
            _lock(connection, Place("queue", partition_of(queue_id, database.partitions(connection))))
            queues = Queues(Tenancy(connection, system.organization.test_tenant_id))
            queue = queues.get(queue_id)
            if queue is None:
                raise LookupError(f"there is no queue {queue_id}")
            yield Held(connection, queue, queues)
            queues.flush()
    finally:
        engine.dispose()
    with redis.Redis.from_url(system.installation.redis_url) as client:
        nudge_timers(client)


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


def _lock(connection: Connection, place: Place) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while command_log.lock(connection, place) is None:
        if time.monotonic() > until:
            raise TimeoutError(f"the partition {place} is never free")
        time.sleep(0.01)
