"""Commands that were asked for: still waiting in the log, or decided as the journal says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from store.reads.base import SEE_TENANT, Reader

KEPT: Final = timedelta(hours=24)
_OUTCOMES = """
SELECT command_id, at, reply FROM journal_outcomes(%s::uuid[]) WHERE reply IS NOT NULL ORDER BY at DESC"""
_DECIDED = "SELECT aggregate_id, at, reply, ledger_now() AS now FROM journal_outcomes(%s::uuid[])"
_WAITING = "SELECT appended_at, aggregate_id, type, actor_id FROM waiting_command(%s)"


@dataclass(frozen=True, slots=True)
class Operation:
    """A command on its way: `created_at` is when it came into the log, `at` when it was decided, None while it waits.

    `reply` is what the journal keeps of its outcome.
    """

    id: UUID
    aggregate_id: UUID
    type: str
    actor_id: UUID
    created_at: datetime
    at: datetime | None = None
    reply: dict[str, Any] | None = None


class Outcome(NamedTuple):
    """What the journal keeps of the reply to a command, and when that was decided."""

    command_id: UUID
    at: datetime
    reply: dict[str, Any]


async def outcomes(connection: AsyncConnection[Any], tenant_id: UUID, command_ids: Iterable[str]) -> Sequence[Outcome]:
    """What was decided of these commands of a tenant within the last day, the latest first."""
    async with connection.transaction():
        await connection.execute(SEE_TENANT, (str(tenant_id),))
        cursor = connection.cursor(row_factory=tuple_row)
        return [Outcome(*row) for row in await (await cursor.execute(_OUTCOMES, (list(command_ids),))).fetchall()]


async def find(reader: Reader, command_id: UUID) -> Operation | None:
    """A command of this tenant, unless it was decided over a day ago.

    The journal is asked again after the log, because between the two looks it may have been decided.
    """
    return (
        await _decided(reader, command_id) or await _waiting(reader, command_id) or await _decided(reader, command_id)
    )


async def _decided(reader: Reader, command_id: UUID) -> Operation | None:
    row = await reader.one(_DECIDED, ([command_id],))
    if row is None or row["reply"] is None or row["now"] > row["at"] + KEPT:
        return None
    reply, at = row["reply"], row["at"]
    created_at = at - timedelta(microseconds=reply.get("waitedUs", 0))
    return Operation(command_id, row["aggregate_id"], reply["type"], UUID(reply["actor"]), created_at, at, reply)


async def _waiting(reader: Reader, command_id: UUID) -> Operation | None:
    row = await reader.one(_WAITING, (command_id,))
    if row is None:
        return None
    return Operation(command_id, row["aggregate_id"], row["type"], row["actor_id"], row["appended_at"])
