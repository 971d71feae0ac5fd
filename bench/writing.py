"""Changing an aggregate behind the system's back, as its one writer: under the lock of its partition."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import redis
from sqlalchemy import Connection

from bench.system import System
from store import command_log, database
from store.command_log import Place
from store.wire import partition_of
from workers.replies import nudge_timers

_PATIENCE_SECONDS = 20.0


@contextmanager
def as_writer(system: System, topic: str, aggregate_id: UUID) -> Iterator[Connection]:
    """A transaction in which nobody else writes the aggregate. TimeoutError when its partition is never free."""
    engine = database.engine(system.installation.owner_url, database.OPERATOR, pool=1)
    try:
        with engine.begin() as connection:
            _lock(connection, Place(topic, partition_of(aggregate_id, database.partitions(connection))))
            yield connection
    finally:
        engine.dispose()
    with redis.Redis.from_url(system.installation.redis_url) as client:
        nudge_timers(client)


def _lock(connection: Connection, place: Place) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while command_log.lock(connection, place) is None:
        if time.monotonic() > until:
            raise TimeoutError(f"the partition {place} is never free")
        time.sleep(0.01)
