"""Reading as one tenant: every read is a transaction of its own that sees this tenant and no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, Protocol
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import DictRow, dict_row

SEE_TENANT: Final = "SELECT set_config('drumroll.tenant', %s, true)"
"""From here to the end of the transaction this tenant is seen, and no other."""
Statement = LiteralString | sql.Composed
Values = Sequence[Any] | dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a list, sorted by the column `name`; `search` is looked for in names."""

    name: str
    descending: bool
    offset: int
    limit: int
    search: str | None = None
    archived: bool = False

    @property
    def order(self) -> sql.Composed:
        """The end of a statement whose rows are known as `t`; ids break ties."""
        way = sql.SQL("DESC" if self.descending else "ASC")
        template = sql.SQL(" ORDER BY t.{name} {way} NULLS LAST, t.id {way} OFFSET {offset} LIMIT {limit}")
        return template.format(
            name=sql.Identifier(self.name), way=way, offset=sql.Literal(self.offset), limit=sql.Literal(self.limit)
        )


class Connections(Protocol):
    """Where connections are lent from: a pool, or what chooses between two."""

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        """One for the length of a block."""


class Reader:
    """Reads of one tenant. It cannot be made without one."""

    def __init__(self, pool: Connections, tenant_id: UUID) -> None:
        self._pool, self.tenant_id = pool, tenant_id

    async def all(self, statement: Statement, values: Values = ()) -> list[Row]:
        """The rows of one statement."""
        async with self.moment() as cursor:
            return await (await cursor.execute(statement, values)).fetchall()

    async def one(self, statement: Statement, values: Values = ()) -> Row | None:
        """The first row of one statement, or None."""
        async with self.moment() as cursor:
            return await (await cursor.execute(statement, values)).fetchone()

    @asynccontextmanager
    async def moment(self) -> AsyncIterator[AsyncCursor[DictRow]]:
        """A transaction in which this tenant is seen; rows come as dicts."""
        async with (
            self._pool.connection() as connection,
            connection.transaction(),
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            await cursor.execute(SEE_TENANT, (str(self.tenant_id),))
            yield cursor


async def listed(
    cursor: AsyncCursor[DictRow], statement: sql.SQL | sql.Composed, values: Values, part: Slice
) -> tuple[list[Row], int]:
    """The rows of a part of a list, and how many rows the whole has. `statement` selects from what it calls `t`."""
    await cursor.execute(sql.SQL("SELECT count(*) AS n FROM ({}) t").format(statement), values)
    counted = await cursor.fetchone()
    total = int(counted["n"]) if counted else 0
    if part.offset >= total:
        return [], total
    await cursor.execute(sql.SQL("SELECT t.* FROM ({}) t").format(statement) + part.order, values)
    return await cursor.fetchall(), total


async def ledger_now(cursor: AsyncCursor[DictRow]) -> datetime:
    """The ledger's time."""
    row = await (await cursor.execute("SELECT ledger_now() AS now")).fetchone()
    assert row is not None  # noqa: S101 (narrows the type; it selects one row)
    moment: datetime = row["now"]
    return moment


def matching(search: str | None) -> str:
    """The ILIKE pattern of a text that is looked for anywhere; everything matches none."""
    escaped = (search or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
