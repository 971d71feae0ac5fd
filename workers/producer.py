"""Opens a message producer for a process of this installation: docs/producers.md shows how it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.clock import Clock
from runtime.ringing import ringing
from runtime.settings import Settings
from store.producer import Producer, producing

__all__ = ["Producer", "producer"]


@contextmanager
def producer(settings: Settings, name: str) -> Iterator[Producer]:
    """A producer for the length of a block, under a `name` that the log shows.

    `settings.database_url` is the gateway role's: it may append commands and look outcomes up, and nothing else. What
    was sent is rung for before the block ends.
    """
    with (
        ringing(settings.redis_url, settings.bell_url) as bell,
        producing(settings.database_url, name, bell.ring, Clock().new_id) as opened,
    ):
        yield opened
