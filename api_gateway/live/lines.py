"""The lines of a gateway: queues, pulled and read as snapshots are, and what workers say of the people in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from api_gateway.live.line import Line, Standing
from api_gateway.live.snapshots import Snapshots
from api_gateway.live.state import nobody, shared_of, standing_of, standing_of_row
from store.reads import standing as reads


class Lines(Snapshots[Line, Standing]):
    """Every queue that this gateway was asked about in the last minute."""

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

    def _new(self, tenant_id: UUID, own_id: UUID) -> Line:
        return Line(tenant_id, own_id)

    async def _row(self, one: Line) -> dict[str, Any] | None:
        async with self._pool.connection() as connection:
            return await reads.snapshot(connection, one.tenant_id, one.own_id, one.seq)

    async def _pull(self, one: Line) -> None:
        await super()._pull(one)
        one.shared = shared_of(one)

    async def _people(self, one: Line, people: list[UUID]) -> Mapping[UUID, Standing]:
        async with self._pool.connection() as connection:
            rows = await reads.standings(connection, one.tenant_id, one.own_id, people)
        return {row[0]: standing_of_row(row) for row in rows}

    def _nobody(self, one: Line, consumer_id: UUID) -> Standing:
        return nobody(consumer_id, one.seq)
