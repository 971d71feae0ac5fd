"""The lines of a gateway: pulled once a second while somebody asks, sooner on a nudge; misses are read together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import redis.asyncio
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.hearing import heard
from api_gateway.live.line import Line, Standing
from api_gateway.live.state import nobody, shared_of, standing_of, standing_of_row
from runtime.clock import Clock
from store.reads import standing as reads

EVERY_SECONDS = 1.0
SOONEST_SECONDS = 0.1
KEPT_SECONDS = 60.0
AT_ONCE = 500
log = structlog.get_logger("lines")
Key = tuple[UUID, UUID]


class Lines:
    """Every queue that this gateway was asked about in the last minute."""

    def __init__(self, pool: AsyncConnectionPool, client: redis.asyncio.Redis, clock: Clock) -> None:
        self._pool, self._redis, self._clock = pool, client, clock
        self._lines: dict[Key, Line] = {}
        self._pulling: dict[Key, asyncio.Future[None]] = {}
        self._nudged: set[str] = set()
        self._wake = asyncio.Event()
        self._wanted: dict[Key, dict[UUID, asyncio.Future[Standing]]] = {}

    def known(self, tenant_id: UUID, queue_id: UUID) -> Line | None:
        """The line, if a snapshot of it is at hand and not older than two seconds."""
        line = self._lines.get((tenant_id, queue_id))
        if line is None or not line.known:
            return None
        now = self._clock.monotonic()
        line.asked_at = now
        return line if line.fresh(now) else None

    async def line(self, tenant_id: UUID, queue_id: UUID) -> Line | None:
        """The line, pulled now if it has to be; None when this tenant has no such queue."""
        known = self.known(tenant_id, queue_id)
        if known is not None:
            return known
        key = (tenant_id, queue_id)
        line = self._lines.setdefault(key, Line(tenant_id, queue_id))
        line.asked_at = self._clock.monotonic()
        await self._shared_pull(line)
        if not line.known:
            self._lines.pop(key, None)
            return None
        return line

    async def _shared_pull(self, line: Line) -> None:
        """Pull a line once for all who want it now."""
        key = (line.tenant_id, line.queue_id)
        under_way = self._pulling.get(key)
        if under_way is None:
            under_way = self._pulling[key] = asyncio.ensure_future(self._pull(line))
            under_way.add_done_callback(lambda _: self._pulling.pop(key, None))
        await asyncio.shield(under_way)

    async def standing(self, line: Line, consumer_id: UUID) -> Standing:
        """A person's participation: cached, or read together with whatever else is missing now."""
        cached = line.held(consumer_id)
        if cached is not None:
            return cached
        key = (line.tenant_id, line.queue_id)
        wanted = self._wanted.setdefault(key, {})
        if consumer_id not in wanted:
            wanted[consumer_id] = asyncio.get_running_loop().create_future()
            if len(wanted) == 1:
                asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self._read(line)))
        return await asyncio.shield(wanted[consumer_id])

    async def stored(self, line: Line, consumer_id: UUID) -> Standing:
        """A person's participation as the store has it from now on, whatever is held of it."""
        line.forget(consumer_id)
        return await self.standing(line, consumer_id)

    def learned(self, line: Line, facts: dict[str, Any]) -> Standing:
        """Keep what a worker said of a participation, unless something newer is known or may have been pulled already.

        A reply that is not newer than the snapshot may be outlived by a change that the snapshot has told of, once:
        whoever is asked about next is read from the store. That somebody never entered is not kept, because nobody tells
        gateways of a first enter elsewhere.
        """
        told, consumer_id = standing_of(facts, line.seq), UUID(facts["consumerId"])
        line.head = max(line.head, facts.get("head", 0))
        if not told.entered:
            return told
        kept = line.held(consumer_id)
        if kept is None or kept.entry_id != told.entry_id or kept.version <= told.version:
            line.forget(consumer_id)
            if line.as_of is not None and datetime.fromisoformat(facts["now"]) > line.as_of:
                line.keep(consumer_id, told)
        return told

    def forget(self) -> None:
        """Read every participation anew, grants with new tokens."""
        for line in self._lines.values():
            line.forget_all()

    async def refreshed(self, line: Line) -> Line:
        """The line with a snapshot taken from now on, one for all who ask meanwhile."""
        under_way = self._pulling.get((line.tenant_id, line.queue_id))
        if under_way is not None:
            await asyncio.shield(under_way)
        await self._shared_pull(line)
        return line

    def all(self) -> list[Line]:
        """Every line that is known now."""
        return list(self._lines.values())

    async def pull(self) -> None:
        """Pull, for ever, every line that is due; let go of those that nobody asks about."""
        while True:
            self._wake.clear()
            try:
                async with asyncio.timeout(SOONEST_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            await asyncio.gather(*(self._quietly_pull(line) for line in self._due()))

    async def listen(self) -> None:
        """Hear, for ever, which aggregates changed."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.psubscribe("changed:*")
                    async for message in heard(channel):
                        self._nudged.add(message["channel"].decode().removeprefix("changed:"))
            except (redis.RedisError, OSError) as failure:
                log.warning("lines.unheard", error=type(failure).__name__)
                await asyncio.sleep(0.2)

    def _due(self) -> list[Line]:
        now, nudged, self._nudged = self._clock.monotonic(), self._nudged, set()
        for key, line in list(self._lines.items()):
            if now - line.asked_at > KEPT_SECONDS:
                del self._lines[key]
        return [
            line for line in self._lines.values()
            if line.known and (now - line.pulled_at >= EVERY_SECONDS or str(line.queue_id) in nudged)
        ]  # fmt: skip

    async def _quietly_pull(self, line: Line) -> None:
        try:
            await self._pull(line)
        except Exception as failure:  # noqa: BLE001 (whatever breaks in one line, the others are pulled)
            log.warning("lines.not_pulled", queue=str(line.queue_id), error=repr(failure)[:300])

    async def _pull(self, line: Line) -> None:
        async with self._pool.connection() as connection:
            row = await reads.snapshot(connection, line.tenant_id, line.queue_id, line.seq)
        if row is None:
            line.known = False
        elif row["seq"] >= line.seq:
            line.take(row, self._clock.monotonic())
            line.shared = shared_of(line)

    async def _read(self, line: Line) -> None:
        wanted = self._wanted.pop((line.tenant_id, line.queue_id), {})
        people = list(wanted)
        for start in range(0, len(people), AT_ONCE):
            some = people[start : start + AT_ONCE]
            try:
                await self._read_some(line, some, wanted)
            except Exception as failure:  # noqa: BLE001 (whatever it is, those who wait are told)
                log.warning("lines.not_read", queue=str(line.queue_id), error=repr(failure)[:300])
                _give_up(failure, (wanted[person] for person in some))

    async def _read_some(self, line: Line, people: list[UUID], wanted: dict[UUID, asyncio.Future[Standing]]) -> None:
        async with self._pool.connection() as connection:
            rows = await reads.standings(connection, line.tenant_id, line.queue_id, people)
        found = {row[0]: standing_of_row(row) for row in rows}
        for person in people:
            standing = found.get(person)
            if standing is None:
                standing = nobody(person, line.seq)
            elif standing.as_of >= line.seq and line.held(person) is None:
                line.keep(person, standing)
            if not wanted[person].done():
                wanted[person].set_result(standing)


def _give_up(failure: Exception, waiting: Iterable[asyncio.Future[Standing]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(failure)
            future.exception()
