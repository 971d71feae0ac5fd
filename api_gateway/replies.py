"""Waiting for answers: told over Redis, and looked up in the journal when nobody told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import redis.asyncio
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from runtime import metrics
from runtime.clock import Clock
from store.journal import is_open
from store.reads import operations

LOOK_AFTER = 0.25
SKEW = timedelta(milliseconds=100)
log = structlog.get_logger("replies")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: what the journal keeps of it, and the secrets that only a reply over Redis carries."""

    stored: dict[str, Any]
    secrets: dict[str, Any]


@dataclass(slots=True)
class Waiter:
    """Somebody who waits for a command's answer. `found`: the journal has it, but its secrets are not here."""

    tenant_id: UUID
    since: float
    found: bool = False
    listeners: list[asyncio.Future[Told | None]] = field(default_factory=list)


class Replies:
    """The answers of one gateway. A waiter is registered before its command is appended, so no answer comes too early."""

    def __init__(self, client: redis.asyncio.Redis, pool: AsyncConnectionPool, name: str, clock: Clock) -> None:
        self._clock = clock
        self._redis, self._pool, self._channel = client, pool, f"replies:{name}"
        self._waiting: dict[str, Waiter] = {}

    def expect(self, command_id: UUID, tenant_id: UUID) -> asyncio.Future[Told | None]:
        """Begin to wait for a command; several may wait for one command, each with a future of its own."""
        loop, key = asyncio.get_running_loop(), str(command_id)
        waiter = self._waiting.get(key)
        if waiter is None:
            waiter = self._waiting[key] = Waiter(tenant_id, self._clock.monotonic())
        told: asyncio.Future[Told | None] = loop.create_future()
        waiter.listeners.append(told)
        return told

    async def told(self, told: asyncio.Future[Told | None], patience: float) -> Told | None:
        """The answer, or None when patience (seconds) ends before."""
        timer = asyncio.get_running_loop().call_later(patience, _give_up, told)
        try:
            return await told
        finally:
            timer.cancel()

    def forget(self, command_id: UUID, told: asyncio.Future[Told | None]) -> None:
        """Wait no longer; the last who waited takes the waiter away."""
        waiter = self._waiting.get(str(command_id))
        if waiter is not None and told in waiter.listeners:
            waiter.listeners.remove(told)
            if not waiter.listeners:
                del self._waiting[str(command_id)]

    async def listen(self) -> None:
        """Take answers from Redis, for ever; after every break look up what was missed."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(self._channel)
                    await self._look_up(0)
                    async for message in channel.listen():
                        self._take(message["data"])
            except (redis.RedisError, OSError, psycopg.Error, PoolTimeout) as failure:
                log.warning("replies.unheard", error=type(failure).__name__)
                await asyncio.sleep(0.2)

    async def look(self) -> None:
        """Look up, for ever, whatever was not answered within a quarter of a second."""
        while True:
            await asyncio.sleep(LOOK_AFTER)
            try:
                await self._look_up(LOOK_AFTER)
            except (psycopg.Error, PoolTimeout) as failure:
                log.warning("replies.not_looked_up", error=type(failure).__name__)

    def _take(self, message: bytes) -> None:
        for command_id, stored, secrets in orjson.loads(message):
            self._tell(command_id, Told(stored, secrets))

    def _tell(self, command_id: str, told: Told) -> None:
        waiter = self._waiting.pop(command_id, None)
        if waiter is not None:
            metrics.reply_seconds.observe(self._clock.monotonic() - waiter.since)
            for listener in waiter.listeners:
                if not listener.done():
                    listener.set_result(told)

    async def _look_up(self, older_than: float) -> None:
        before = self._clock.monotonic() - older_than
        missed: dict[UUID, list[str]] = defaultdict(list)
        for command_id, waiter in self._waiting.items():
            if waiter.since <= before:
                missed[waiter.tenant_id].append(command_id)
        for tenant_id, command_ids in missed.items():
            for decided in await self._outcomes(tenant_id, command_ids):
                self._found(str(decided.command_id), decided.at, decided.reply)

    def _found(self, command_id: str, at: datetime, stored: dict[str, Any]) -> None:
        """Tell what the journal says; of an answer with secrets at the second look, because they may be on their way.

        An earlier answer that said when to come again is not the answer to whoever has come again.
        """
        waiter = self._waiting.get(command_id)
        if waiter is None or (is_open(stored) and at < self._asked_at(waiter) - SKEW):
            return
        if stored.get("sealed") and not waiter.found:
            waiter.found = True
            return
        metrics.replies_missed.inc()
        self._tell(command_id, Told(stored, {}))

    def _asked_at(self, waiter: Waiter) -> datetime:
        return self._clock.now() - timedelta(seconds=self._clock.monotonic() - waiter.since)

    async def _outcomes(self, tenant_id: UUID, command_ids: Iterable[str]) -> Sequence[operations.Outcome]:
        async with self._pool.connection() as connection:
            return await operations.outcomes(connection, tenant_id, command_ids)


def _give_up(told: asyncio.Future[Told | None]) -> None:
    if not told.done():
        told.set_result(None)
