"""A bell for as long as somebody has something to ring for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domain.catalogue import TOPICS
from runtime.bell import Bell
from runtime.broker import broker_at, redis_client


@contextmanager
def ringing(redis_url: str, bell_url: str) -> Iterator[Bell]:
    """A bell for the length of a block; what was asked is rung before the block ends, and its connections are let go."""
    client, broker = redis_client(redis_url), broker_at(bell_url)
    bell = Bell(client, broker, TOPICS)
    try:
        yield bell
    finally:
        bell.stop()
        for one in (client, broker):
            one.close()
