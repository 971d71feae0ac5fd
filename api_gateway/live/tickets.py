"""Stream tickets: for browsers, whose event sources cannot send headers. Single use, thirty seconds, kept in Redis.

A ticket that Redis forgets costs a reconnect and nothing else. It begins with the hash of the publishable key it was given to, so
that whoever listens is counted with its organization before Redis is asked.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import redis.asyncio

from api_gateway.auth import CONSUMER, Caller, Keys, key_hash
from api_gateway.problems import problem
from runtime.clock import Clock

LIFE = timedelta(seconds=30)
_PREFIX = "tkt_"
_HASH, _CHANCE = 32, 25  # bytes


class Tickets:
    """Issues and takes stream tickets."""

    def __init__(self, client: redis.asyncio.Redis, keys: Keys, clock: Clock) -> None:
        self._redis, self._keys, self._clock = client, keys, clock

    async def issue(self, caller: Caller, publishable_key: str) -> tuple[str, datetime]:
        """A ticket for this consumer, and when it ends. Problem 503 while Redis is away."""
        said = bytes.fromhex(key_hash(publishable_key)) + self._clock.entropy(_CHANCE)
        ticket = _PREFIX + base64.urlsafe_b64encode(said).decode()
        kept = orjson.dumps([publishable_key, caller.consumer_id, caller.session_id, caller.is_guest])
        try:
            await self._redis.set(f"ticket:{ticket}", kept, px=int(LIFE.total_seconds() * 1000))
        except (redis.RedisError, OSError):
            raise problem("DEPENDENCY_UNAVAILABLE", "Tickets cannot be issued right now.", retry_after=1) from None
        return ticket, self._clock.now() + LIFE

    async def take(self, ticket: str) -> Caller:
        """The consumer of a ticket, once. Problem 401 when it was used, has ended or never was."""
        try:
            kept = await self._redis.getdel(f"ticket:{ticket}")
        except (redis.RedisError, OSError):
            raise problem("DEPENDENCY_UNAVAILABLE", "Tickets cannot be checked right now.", retry_after=1) from None
        if kept is None:
            raise problem("TICKET_INVALID", "The ticket was used or has ended; ask for another.")
        presented, consumer_id, session_id, is_guest = orjson.loads(kept)
        key = self._keys.usable(await self._keys.find(presented))
        return Caller(key, CONSUMER, UUID(consumer_id), UUID(session_id), is_guest)


def key_hash_in(ticket: str) -> str | None:
    """The hash of the key that a ticket says it was given to: whose it is, and no proof. None: it is no ticket."""
    try:
        said = base64.b64decode(ticket.removeprefix(_PREFIX), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return said[:_HASH].hex() if len(said) == _HASH + _CHANCE else None
