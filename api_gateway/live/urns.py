"""The draws of a gateway, pulled and read as snapshots are; of an order each part is read once, for all who stand in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import redis.asyncio
from psycopg_pool import AsyncConnectionPool

from api_gateway.live.orders import CHUNKS, Orders
from api_gateway.live.snapshots import Snapshots
from api_gateway.live.urn import Entrant, Urn
from domain.draw.state import Entry
from runtime.clock import Clock
from store.reads import draws, entrants
from store.reads.base import Reader, Row

RANKED_AT_ONCE: Final = 64
"""People whose place is looked up before others get their turn, so that a result all wait for keeps nobody else waiting."""
PARTS_AT_ONCE: Final = 2
"""Parts of orders that are read at once, so that a result all wait for leaves connections to others."""


class Urns(Snapshots[Urn, Entrant]):
    """Every draw that this gateway was asked about in the last minute."""

    def __init__(self, pool: AsyncConnectionPool, client: redis.asyncio.Redis, clock: Clock) -> None:
        super().__init__(pool, client, clock)
        self.orders = Orders(CHUNKS)
        self._parts: dict[tuple[UUID, int], asyncio.Future[None]] = {}
        self._ranking, self._turns = asyncio.Semaphore(RANKED_AT_ONCE), asyncio.Semaphore(PARTS_AT_ONCE)

    async def standing(self, one: Urn, consumer_id: UUID) -> Entrant:
        """A person's participation, with its place in the order as soon as that decides."""
        while True:
            entrant = await super().standing(one, consumer_id)
            entry = one.unranked(entrant)
            if entry is None:
                return entrant
            async with self._ranking:
                await asyncio.sleep(0)
                entrant.rank, entrant.ranked = await self._rank(one, entry), True
            if not entrant.gone:
                return entrant

    def _new(self, tenant_id: UUID, own_id: UUID) -> Urn:
        return Urn(tenant_id, own_id)

    async def _row(self, one: Urn) -> dict[str, Any] | None:
        return await draws.snapshot(self._reader(one), one.own_id, one.seq)

    async def _people(self, one: Urn, people: list[UUID]) -> Mapping[UUID, Entrant]:
        shared = {"tenant_id": one.tenant_id, "draw_id": one.own_id}  # because there may be a hundred thousand entries
        rows = await entrants.standings(self._reader(one), one.own_id, people)
        return {row["consumer_id"]: _entrant(row | shared) for row in rows}

    def _nobody(self, one: Urn, consumer_id: UUID) -> Entrant:
        return Entrant(consumer_id, None, one.seq)

    async def _rank(self, one: Urn, entry: Entry) -> int | None:
        draw = one.known_draw
        bucket = entrants.bucket(draw, entry)
        if bucket is not None and self.orders.get((draw.id, bucket)) is None:
            await self._part(one, bucket)
        return (await entrants.ranks(self._reader(one), draw, [entry], self.orders)).get(entry.id)

    async def _part(self, one: Urn, bucket: int) -> None:
        """Read a part of the order once for all who want it now."""
        key = (one.own_id, bucket)
        under_way = self._parts.get(key)
        if under_way is None:
            under_way = self._parts[key] = asyncio.ensure_future(self._read_part(one, bucket))
            under_way.add_done_callback(lambda _: self._parts.pop(key, None))
        await asyncio.shield(under_way)

    async def _read_part(self, one: Urn, bucket: int) -> None:
        async with self._turns:
            await entrants.part(self._reader(one), one.own_id, bucket, self.orders)

    def _reader(self, one: Urn) -> Reader:
        return Reader(self._pool, one.tenant_id)


def _entrant(row: Row) -> Entrant:
    entry = entrants.entry_of(row)
    return Entrant(entry.consumer_id, entry, row["as_of"])
