"""Listening to Redis for as long as it takes, and noticing soon when nobody is there any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import redis
from redis.asyncio.client import PubSub

QUIET_SECONDS = 2.0
_MESSAGES = frozenset({"message", "pmessage"})


async def heard(channel: PubSub, quiet: float = QUIET_SECONDS) -> AsyncIterator[dict[str, Any]]:
    """Every message, for ever. redis.RedisError or OSError when the connection is lost.

    After `quiet` seconds Redis is asked whether it is there, and as many more without an answer are a lost connection: whoever
    only listens would never notice that a host vanished. The client's own `listen` would not even where the kernel does: it
    takes ETIMEDOUT for a pause, and asks again and again without ever letting anybody else have the thread.
    """
    asked = False
    while True:
        message = await channel.get_message(timeout=quiet)
        if message is not None:
            asked = False
            if message["type"] in _MESSAGES:
                yield message
        elif asked:
            raise redis.ConnectionError("Redis says nothing any more")
        else:
            asked = True
            await channel.ping()
