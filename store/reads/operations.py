"""Commands that were asked for: still waiting in the log, or decided as the journal says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from store.reads.base import Reader

KEPT: Final = timedelta(hours=24)
_DECIDED = "SELECT aggregate_id, at, reply, ledger_now() AS now FROM journal_outcomes(%s::uuid[])"
_WAITING = """
SELECT l.appended_at, l.topic, l.aggregates[array_position(l.ids, %(id)s)] AS aggregate_id
FROM command_log l WHERE %(id)s = ANY (l.ids) AND l.tenants[array_position(l.ids, %(id)s)] = %(tenant)s"""


@dataclass(frozen=True, slots=True)
class Operation:
    """A command on its way. `reply` is what the journal keeps of its outcome, None while it waits."""

    id: UUID
    aggregate_id: UUID
    at: datetime
    reply: dict[str, Any] | None = None


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
    return Operation(command_id, row["aggregate_id"], row["at"], row["reply"])


async def _waiting(reader: Reader, command_id: UUID) -> Operation | None:
    row = await reader.one(_WAITING, {"id": command_id, "tenant": reader.tenant_id})
    return None if row is None else Operation(command_id, row["aggregate_id"], row["appended_at"])
