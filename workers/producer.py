"""Opens a message producer for a process of this installation: docs/producers.md shows how it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domain.catalogue import TOPICS
from runtime.bell import Bell
from runtime.broker import broker_at, redis_client
from runtime.clock import Clock
from runtime.settings import Settings
from store import database
from store.producer import Appender, Producer

__all__ = ["Producer", "producer"]


@contextmanager
def producer(settings: Settings, name: str) -> Iterator[Producer]:
    """A producer for the length of a block, under a `name` that the log shows.

    `settings.database_url` is the gateway role's: it may append commands and look outcomes up, and nothing else. What
    was sent is rung for before the block ends.
    """
    engine = database.engine(settings.database_url, database.GATEWAY, pool=2)
    client, broker = redis_client(settings.redis_url), broker_at(settings.broker_url or settings.redis_url)
    bell = Bell(client, broker, TOPICS)
    try:
        yield Producer(Appender(engine, name), bell.ring, Clock().new_id)
    finally:
        bell.stop()
        for one in (client, broker):
            one.close()
        engine.dispose()
