"""Waiting for answers: told over Redis, and looked up in the journal when nobody told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
import redis.asyncio
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.hearing import heard
from api_gateway.problems import Problem, problem
from domain.command import Command, Envelope
from domain.decision import KEY_REUSED
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


class Asked(NamedTuple):
    """What is waited for: a command, and the fingerprint of the body with which it was sent under an Idempotency-Key.

    Calls that share a key share the command's id; who sent another body waits for another answer.
    """

    command_id: str
    keyed: str | None


@dataclass(slots=True)
class Waiter:
    """Somebody who waits for an answer. `found`: the journal has it, but its secrets are not here."""

    tenant_id: UUID
    since: float
    found: bool = False
    listeners: list[asyncio.Future[Told | None]] = field(default_factory=list)


class Replies:
    """The answers of one gateway. A waiter is registered before its command is appended, so no answer comes too early."""

    def __init__(self, client: redis.asyncio.Redis, pool: AsyncConnectionPool, name: str, clock: Clock) -> None:
        self._clock = clock
        self._redis, self._pool, self._channel = client, pool, f"replies:{name}"
        self._waiting: dict[Asked, Waiter] = {}
        self._on_decided: list[Callable[[str], None]] = []

    def whenever_decided(self, *told: Callable[[str], None]) -> None:
        """Have these called with the id of each command that was decided, whether somebody waits for it or not."""
        self._on_decided += told

    def expect(self, sent: Envelope[Command]) -> asyncio.Future[Told | None]:
        """Begin to wait for a command; several may wait for one command, each with a future of its own."""
        loop, asked = asyncio.get_running_loop(), asked_by(sent)
        waiter = self._waiting.get(asked)
        if waiter is None:
            waiter = self._waiting[asked] = Waiter(sent.tenant_id, self._clock.monotonic())
        told: asyncio.Future[Told | None] = loop.create_future()
        waiter.listeners.append(told)
        return told

    async def told(self, told: asyncio.Future[Told | None], patience: float) -> Told | None:
        """The answer, or None when patience (seconds) ends before. Problem 422: the key was used with another body."""
        timer = asyncio.get_running_loop().call_later(patience, _give_up, told)
        try:
            return await told
        finally:
            timer.cancel()

    async def compare(self, sent: Envelope[Command]) -> None:
        """For whoever did not wait. Problem 422: the key was decided with another body, whose operation has this id.

        While the store is away nothing is known to be wrong.
        """
        with suppress(psycopg.Error):
            for decided in await self._outcomes(sent.tenant_id, [str(sent.id)]):
                if not (is_open(decided.reply) or _same_body(decided.reply, sent.keyed)):
                    raise problem(KEY_REUSED.code, KEY_REUSED.detail)

    def forget(self, sent: Envelope[Command], told: asyncio.Future[Told | None]) -> None:
        """Wait no longer; the last who waited takes the waiter away."""
        asked = asked_by(sent)
        waiter = self._waiting.get(asked)
        if waiter is not None and told in waiter.listeners:
            waiter.listeners.remove(told)
            if not waiter.listeners:
                del self._waiting[asked]

    async def listen(self) -> None:
        """Take answers from Redis, for ever; after every break look up what was missed."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    await self._look_up(0)
                    async for message in heard(channel):
                        self._take(message["data"])
            except (redis.RedisError, OSError, psycopg.Error) as failure:
                log.warning("replies.unheard", error=type(failure).__name__)
                await asyncio.sleep(0.2)

    async def look(self) -> None:
        """Look up, for ever, whatever was not answered within a quarter of a second."""
        while True:
            await asyncio.sleep(LOOK_AFTER)
            try:
                await self._look_up(LOOK_AFTER)
            except psycopg.Error as failure:
                log.warning("replies.not_looked_up", error=type(failure).__name__)

    def _take(self, message: bytes) -> None:
        for command_id, stored, secrets in orjson.loads(message):
            self._decided(command_id)
            self._tell(Asked(command_id, stored.get("keyed")), Told(stored, secrets))

    def _decided(self, command_id: str) -> None:
        for told in self._on_decided:
            told(command_id)

    def _tell(self, asked: Asked, answer: Told | Problem) -> None:
        waiter = self._waiting.pop(asked, None)
        if waiter is None:
            return
        metrics.reply_seconds.observe(self._clock.monotonic() - waiter.since)
        for listener in waiter.listeners:
            if listener.done():
                continue
            if isinstance(answer, Told):
                listener.set_result(answer)
            else:
                listener.set_exception(answer)

    async def _look_up(self, older_than: float) -> None:
        before = self._clock.monotonic() - older_than
        missed: dict[UUID, dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
        for asked, waiter in self._waiting.items():
            if waiter.since <= before:
                missed[waiter.tenant_id][asked.command_id].append(asked)
        for tenant_id, wanted in missed.items():
            for decided in await self._outcomes(tenant_id, wanted):
                for asked in wanted[str(decided.command_id)]:
                    self._found(asked, decided.at, decided.reply)

    def _found(self, asked: Asked, at: datetime, stored: dict[str, Any]) -> None:
        """Tell what the journal says; of an answer with secrets at the second look, because they may be on their way.

        An earlier answer that said when to come again is not the answer to whoever has come again. Nor is the answer to
        another body: that it was decided under this key is what whoever sent this one is told.
        """
        waiter = self._waiting.get(asked)
        if waiter is None or (is_open(stored) and at < self._asked_at(waiter) - SKEW):
            return
        self._decided(asked.command_id)
        same_body = _same_body(stored, asked.keyed)
        if same_body and stored.get("sealed") and not waiter.found:
            waiter.found = True
        elif same_body:
            metrics.replies_missed.inc()
            self._tell(asked, Told(stored, {}))
        elif not is_open(stored):
            self._tell(asked, problem(KEY_REUSED.code, KEY_REUSED.detail))

    def _asked_at(self, waiter: Waiter) -> datetime:
        return self._clock.now() - timedelta(seconds=self._clock.monotonic() - waiter.since)

    async def _outcomes(self, tenant_id: UUID, command_ids: Iterable[str]) -> Sequence[operations.Outcome]:
        async with self._pool.connection() as connection:
            return await operations.outcomes(connection, tenant_id, command_ids)


def asked_by(sent: Envelope[Command]) -> Asked:
    """What whoever sent this waits for."""
    return Asked(str(sent.id), sent.keyed)


def _same_body(stored: Mapping[str, Any], keyed: str | None) -> bool:
    """Whether an outcome is that of the body with this fingerprint."""
    return stored.get("keyed") in {None, keyed}


def _give_up(told: asyncio.Future[Told | None]) -> None:
    if not told.done():
        told.set_result(None)
