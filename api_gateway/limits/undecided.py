"""How much waits undecided: an organization that sends faster than it can be served is told so, and nobody else is.

The log's own rows are counted twice a second; what this gateway appended since is added. Several gateways may together
overshoot a bound by what they append in that time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api_gateway.limits.overload import overloaded
from domain.command import Command, Envelope
from runtime import metrics
from store.reads import ledger

EVERY_SECONDS = 0.5
UNDECIDED = metrics.turned_away.labels("undecided")
log = structlog.get_logger("undecided")


class Undecided:
    """Counts undecided commands by organization and by aggregate."""

    def __init__(self, pool: AsyncConnectionPool, per_organization: int, per_aggregate: int) -> None:
        self._pool, self._most, self._most_of_one = pool, per_organization, per_aggregate
        self._logged: Counter[UUID] = Counter()
        self._since: Counter[UUID] = Counter()
        self._before: Counter[UUID] = Counter()

    def is_full(self, tenant_id: UUID) -> bool:
        """Whether an organization has too much undecided, in this mode."""
        return self._waiting(tenant_id) >= self._most

    def admit(self, sent: Envelope[Command]) -> None:
        """Problem 503 when the organization, or the one thing the command changes, has too much undecided."""
        if self.is_full(sent.tenant_id) or self._waiting(sent.body.aggregate_id) >= self._most_of_one:
            UNDECIDED.inc()
            raise overloaded(sent.request_id)

    def appended(self, group: Iterable[Envelope[Command]]) -> None:
        """These are in the log now."""
        for sent in group:
            self._since[sent.tenant_id] += 1
            self._since[sent.body.aggregate_id] += 1

    async def watch(self) -> None:
        """Count what waits, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            if self._since or self._before or self._logged:
                try:
                    await self._count()
                except (psycopg.Error, PoolTimeout) as failure:
                    log.warning("undecided.uncounted", error=type(failure).__name__)

    async def _count(self) -> None:
        self._before, self._since = self._since, Counter()
        async with self._pool.connection() as connection:
            self._logged = await ledger.undecided(connection)
        self._before = Counter()

    def _waiting(self, key: UUID) -> int:
        return self._logged[key] + self._before[key] + self._since[key]
