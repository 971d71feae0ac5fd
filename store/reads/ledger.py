"""What a gateway asks of the ledger as a whole, and of no tenant: its time, its partitions, what waits in it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from store.database import NOW, PARTITIONS

_UNDECIDED = "SELECT key, count(*) FROM command_log, unnest(tenants || aggregates) AS key GROUP BY key"


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


async def _only(connection: AsyncConnection[Any], statement: str) -> Any:
    row = await (await connection.cursor(row_factory=tuple_row).execute(statement.encode())).fetchone()
    assert row is not None  # noqa: S101 (narrows the type; each of these selects one row)
    return row[0]
