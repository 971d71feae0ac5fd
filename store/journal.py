"""The journal: what was decided, one row for each aggregate and drain, and the only source of missed replies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from store import bulk
from store.pipelined import Connection
from store.tables.spine import journal

_COLUMNS = ("tenant_id", "aggregate_id", "topic", "at", "command_ids", "replies", "events", "changed")
BROKEN = "INTERNAL_ERROR"
_OUTCOMES = "SELECT command_id, reply FROM journal_outcomes(%s::uuid[]) ORDER BY at"


@dataclass(slots=True)
class Page:
    """What one drain decided about one aggregate."""

    tenant_id: UUID
    aggregate_id: UUID
    topic: str
    at: datetime
    command_ids: list[UUID] = field(default_factory=list)
    replies: list[Any] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    changed: list[UUID] = field(default_factory=list)
    news: bool = False


def write(connection: Connection, pages: Sequence[Page]) -> None:
    """Insert the pages that say something."""
    told = [{name: getattr(page, name) for name in _COLUMNS} for page in pages if page.command_ids or page.events]
    bulk.insert(connection, journal, told)


def ask_outcomes(connection: Connection, command_ids: Sequence[UUID]) -> Iterable[Any]:
    """Send for the stored replies of commands: rows (command_id, reply), waited for when they are read."""
    return connection.exec_driver_sql(_OUTCOMES, (list(command_ids),)) if command_ids else ()


def outcomes(connection: Connection, command_ids: Iterable[UUID]) -> dict[UUID, Any]:
    """The stored replies of commands that were decided, by command id. Replies older than a day are gone.

    A command that broke and was tried again has two; that it broke counts only as long as nothing was decided.
    """
    wanted, found = list(command_ids), dict[UUID, Any]()
    for row in connection.exec_driver_sql(_OUTCOMES, (wanted,)) if wanted else ():
        if row.command_id not in found or not is_open(row.reply):
            found[row.command_id] = row.reply
    return found


def is_open(reply: Mapping[str, Any] | None) -> bool:
    """Whether a command with this stored reply is decided anew when it comes again under its id.

    So it is when nothing could be decided, and when the answer said when to come again: whoever does so with the same
    Idempotency-Key wants what is true by then.
    """
    refused = reply.get("refused") if reply else None
    return refused is not None and (refused["code"] == BROKEN or refused.get("retryAfter") is not None)
