"""Long reads from a replica, as long as it has all that the primary had when they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from runtime import metrics
from runtime.clock import Clock
from store.reads import ledger

CONNECT_SECONDS = 0.5
CATCH_UP_SECONDS = 0.25
LOOK_SECONDS = 0.01
REST_SECONDS = 2.0
log = structlog.get_logger("replica")


class Replica:
    """Connections for reads that may take long. Whoever reads over one sees everything that was acknowledged before.

    The primary says how far its ledger reaches, which costs it next to nothing, and the replica is used once it has
    replayed that. One that is away or lags behind for a quarter of a second is let be for two, and the primary is asked:
    an answer may be slow, but is never older than its question.
    """

    def __init__(self, primary: AsyncConnectionPool, replica: AsyncConnectionPool, clock: Clock) -> None:
        self._primary, self._replica, self._clock = primary, replica, clock
        self._rests_until = float("-inf")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection to whoever may answer now. psycopg_pool.PoolTimeout: nobody."""
        async with AsyncExitStack() as taken:
            fresh = await self._fresh(taken)
            metrics.long_reads.labels("primary" if fresh is None else "replica").inc()
            try:
                yield await taken.enter_async_context(self._primary.connection()) if fresh is None else fresh
            except psycopg.errors.QueryCanceled:
                raise  # because it is the gateway that waited long enough
            except psycopg.OperationalError:
                if fresh is not None:
                    self._rest()  # because a replica that breaks a read off will not finish the next one either
                raise

    async def _fresh(self, taken: AsyncExitStack) -> AsyncConnection[Any] | None:
        if self._clock.monotonic() < self._rests_until:
            return None
        try:
            async with self._primary.connection() as primary:
                flushed = await ledger.flushed_lsn(primary)
            async with AsyncExitStack() as trying:
                replica = await trying.enter_async_context(self._replica.connection(timeout=CONNECT_SECONDS))
                if await self._catches_up(replica, flushed):
                    await taken.enter_async_context(trying.pop_all())
                    return replica
            log.warning("replica.behind")
        except psycopg.Error as failure:
            log.warning("replica.away", error=type(failure).__name__)
        self._rest()
        return None

    def _rest(self) -> None:
        self._rests_until = self._clock.monotonic() + REST_SECONDS

    async def _catches_up(self, replica: AsyncConnection[Any], lsn: str) -> bool:
        """Whether the replica has replayed the ledger as far as this, within a quarter of a second."""
        until = self._clock.monotonic() + CATCH_UP_SECONDS
        while not await ledger.has_replayed(replica, lsn):
            if self._clock.monotonic() > until:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True
