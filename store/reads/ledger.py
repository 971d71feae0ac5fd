"""What a gateway asks of the ledger as a whole, and of no tenant: its time, its partitions, what waits in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from store.database import NOW, PARTITIONS

_UNDECIDED = "SELECT key, count(*) FROM command_log, unnest(tenants || aggregates) AS key GROUP BY key"
_REPLAYED = "SELECT pg_is_in_recovery() AND coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false)"


async def now(connection: AsyncConnection[Any]) -> datetime:
    """The ledger's time: the only clock that decides anything."""
    moment: datetime = await _only(connection, NOW)
    return moment


async def partitions(connection: AsyncConnection[Any]) -> int:
    """How many partitions each topic has: fixed when the store was made."""
    return int(await _only(connection, PARTITIONS))


async def answers(connection: AsyncConnection[Any]) -> None:
    """Return when the store has answered. psycopg.Error when it does not."""
    await _only(connection, "SELECT 1")


async def undecided(connection: AsyncConnection[Any]) -> Counter[UUID]:
    """How many commands wait in the log of each tenant and of each aggregate, by its id."""
    cursor = connection.cursor(row_factory=tuple_row)
    return Counter(dict(await (await cursor.execute(_UNDECIDED)).fetchall()))


async def flushed_lsn(connection: AsyncConnection[Any]) -> str:
    """How far the primary's write-ahead log is on disk: whatever was acknowledged is before that. psycopg.Error: no primary."""
    return str(await _only(connection, "SELECT pg_current_wal_flush_lsn()::text"))


async def has_replayed(connection: AsyncConnection[Any], lsn: str) -> bool:
    """Whether this replica shows everything before this position in the log. Who is no replica any more shows something else."""
    return bool(await _only(connection, _REPLAYED, (lsn,)))


async def _only(connection: AsyncConnection[Any], statement: str, values: Sequence[Any] = ()) -> Any:
    row = await (await connection.cursor(row_factory=tuple_row).execute(statement.encode(), values)).fetchone()
    assert row is not None  # noqa: S101 (narrows the type; each of these selects one row)
    return row[0]
