"""Queues as the gateway may see them: everything but the secret seed, the log's frontier and the credit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncCursor, sql
from psycopg.rows import DictRow

from domain.experiences.state import Distribution
from domain.queue.config import QueueConfig
from domain.queue.state import Line, Queue
from store.distribution_json import ended_of, pause_of
from store.reads.base import Reader, Row, Slice, ledger_now, listed, matching

_LINE: Final = (
    "tickets", "opened_at", "cohort", "tree_head", "seed", "revealed", "head", "head_stale", "waiting", "inside",
    "admitted", "completed", "lapse_at", "speed", "speed_at", "speed_head",
)  # fmt: skip
_KEPT: Final = (
    "tenant_id", "id", "organization_id", "experience_id", "sequence_id", "config", "name", "open_at", "created_at",
    "updated_at", "created_by", "updated_by", "version", "archived", "pause", "ended", "knock_at", "seed_commitment",
)  # fmt: skip
_COLUMNS = sql.SQL(", ").join(sql.Identifier("q", name) for name in (*_KEPT, *_LINE))
_FROM = sql.SQL(
    "SELECT {columns}, ledger_now() AS now, e.published AND NOT e.archived AS published, "
    "coalesce((o.settings->>'allowGuests')::boolean, true) AS allow_guests FROM queue q "
    "JOIN experience e ON e.tenant_id = q.tenant_id AND e.id = q.experience_id "
    "JOIN organization o ON o.tenant_id = q.tenant_id AND o.id = q.organization_id WHERE q.tenant_id = %(tenant)s"
).format(columns=_COLUMNS)
_THERE = "SELECT 1 AS there FROM queue WHERE tenant_id = %s AND id = %s"
_ONE = _FROM + sql.SQL(" AND q.id = %(id)s")
_OF_SEQUENCES = _FROM + sql.SQL(
    " AND q.sequence_id = ANY (%(sequences)s) AND NOT q.archived ORDER BY q.created_at, q.id"
)
_LIST = _FROM + sql.SQL(
    " AND q.archived = %(archived)s AND q.name ILIKE %(search)s"
    " AND (%(sequence)s::uuid IS NULL OR q.sequence_id = %(sequence)s)"
    " AND (%(experience)s::uuid IS NULL OR q.experience_id = %(experience)s)"
)


async def one(reader: Reader, queue_id: UUID) -> tuple[Queue, datetime] | None:
    """A queue and the ledger's time, or None."""
    row = await reader.one(_ONE, {"tenant": reader.tenant_id, "id": queue_id})
    return None if row is None else (queue_of(row), row["now"])


async def exists(reader: Reader, queue_id: UUID) -> bool:
    """Whether the tenant has this queue."""
    return await reader.one(_THERE, (reader.tenant_id, queue_id)) is not None


async def some(
    reader: Reader, part: Slice, *, sequence: UUID | None = None, experience: UUID | None = None
) -> tuple[list[Queue], int, datetime]:
    """A part of the tenant's queues, how many there are in all, and the ledger's time."""
    values = {
        "tenant": reader.tenant_id, "archived": part.archived, "search": matching(part.search), "sequence": sequence,
        "experience": experience,
    }  # fmt: skip
    async with reader.moment() as cursor:
        rows, total = await listed(cursor, _LIST, values, part)
        return [queue_of(row) for row in rows], total, await ledger_now(cursor)


async def within(cursor: AsyncCursor[DictRow], reader: Reader, sequences: Iterable[UUID]) -> list[Queue]:
    """The queues of these sequences that are in the lists, the older first, in a moment that is open already."""
    values = {"tenant": reader.tenant_id, "sequences": list(sequences)}
    return [queue_of(row) for row in await (await cursor.execute(_OF_SEQUENCES, values)).fetchall()]


def distribution_of(queue: Queue, now: datetime) -> Distribution:
    """What an experience shows of a queue."""
    live, config = bool(queue.line.waiting or queue.line.inside), queue.config
    lifecycle = queue.lifecycle(now).value
    return Distribution(queue.id, queue.sequence_id, lifecycle, live, config.open_at, config.close_at)


def queue_of(row: Row) -> Queue:
    """A queue without its secrets: the seed is empty until it is revealed."""
    line = {name: row[name] for name in _LINE}
    return Queue(
        tenant_id=row["tenant_id"], id=row["id"], organization_id=row["organization_id"],
        experience_id=row["experience_id"], sequence_id=row["sequence_id"],
        config=QueueConfig.stored(row["config"]), server_seed=bytes(row["revealed"]),
        created_at=row["created_at"], updated_at=row["updated_at"], created_by=row["created_by"],
        updated_by=row["updated_by"],
        version=row["version"], archived=row["archived"], pause=pause_of(row["pause"]), ended=ended_of(row["ended"]),
        knock_at=row["knock_at"], line=Line(**line), published=row["published"], allow_guests=row["allow_guests"],
    )  # fmt: skip
