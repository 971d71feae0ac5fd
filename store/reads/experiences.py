"""Experiences with their sequences and what those distribute, as the gateway may see them."""

from __future__ import annotations

from collections.abc import Sequence as Listed
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncCursor, sql
from psycopg.rows import DictRow

from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.experiences.rules import in_order
from domain.experiences.state import Defaults, Experience, Launch, Sequence
from domain.queue.state import Queue
from store.reads import queues
from store.reads.base import Reader, Row, Slice, ledger_now, listed, matching

_EXPERIENCE: Final = frozenset({"name", "slug", "open_at", "close_at"})
_STATE: Final = ("tenant_id", "id", "archived", "version", "created_at", "updated_at", "created_by", "updated_by")
_FROM = sql.SQL(
    "SELECT e.*, coalesce(o.settings->>'timeZone', 'UTC') AS own_time_zone, "
    "coalesce(o.settings->>'currencyCode', 'EUR') AS own_currency FROM experience e "
    "JOIN organization o ON o.tenant_id = e.tenant_id AND o.id = e.organization_id WHERE e.tenant_id = %(tenant)s"
)
_BY_ID = _FROM + sql.SQL(" AND e.id = %(wanted)s")
_BY_SLUG = _FROM + sql.SQL(" AND e.slug = %(wanted)s")
_LIST = _FROM + sql.SQL(" AND e.archived = %(archived)s AND e.name ILIKE %(search)s")
_SEQUENCES = (
    "SELECT * FROM sequence WHERE tenant_id = %(tenant)s AND experience_id = ANY (%(experiences)s) AND NOT archived"
)
_SEQUENCE = "SELECT * FROM sequence WHERE tenant_id = %(tenant)s AND id = %(id)s"
_LIST_SEQUENCES = sql.SQL(
    "SELECT * FROM sequence s WHERE s.tenant_id = %(tenant)s AND s.archived = %(archived)s AND s.name ILIKE %(search)s"
    " AND (%(experience)s::uuid IS NULL OR s.experience_id = %(experience)s)"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An experience with all that belongs to it, its queues whole, at a moment of the ledger."""

    launch: Launch
    queues: tuple[Queue, ...]
    now: datetime


async def one(reader: Reader, wanted: UUID | str) -> Shown | None:
    """An experience by its id, or by its slug."""
    async with reader.moment() as cursor:
        statement = _BY_ID if isinstance(wanted, UUID) else _BY_SLUG
        row = await (await cursor.execute(statement, {"tenant": reader.tenant_id, "wanted": wanted})).fetchone()
        return None if row is None else (await _shown(cursor, reader, [row]))[0]


async def some(reader: Reader, part: Slice) -> tuple[list[Shown], int]:
    """A part of the tenant's experiences, and how many there are in all."""
    values = {"tenant": reader.tenant_id, "archived": part.archived, "search": matching(part.search)}
    async with reader.moment() as cursor:
        rows, total = await listed(cursor, _LIST, values, part)
        return await _shown(cursor, reader, rows), total


async def sequence(reader: Reader, sequence_id: UUID) -> tuple[Sequence, list[Queue], datetime] | None:
    """A sequence with its queues."""
    async with reader.moment() as cursor:
        values = {"tenant": reader.tenant_id, "id": sequence_id}
        row = await (await cursor.execute(_SEQUENCE, values)).fetchone()
        if row is None:
            return None
        found = await queues.within(cursor, reader, [sequence_id])
        return _path(row), found, await ledger_now(cursor)


async def sequences(
    reader: Reader, part: Slice, experience: UUID | None
) -> tuple[list[tuple[Sequence, list[Queue]]], int, datetime]:
    """A part of the tenant's sequences, each with its queues, and how many there are in all."""
    search = matching(part.search)
    values = {"tenant": reader.tenant_id, "archived": part.archived, "search": search, "experience": experience}
    async with reader.moment() as cursor:
        rows, total = await listed(cursor, _LIST_SEQUENCES, values, part)
        found = await queues.within(cursor, reader, [row["id"] for row in rows])
        now = await ledger_now(cursor)
    paths = [(_path(row), [one for one in found if one.sequence_id == row["id"]]) for row in rows]
    return paths, total, now


async def _shown(cursor: AsyncCursor[DictRow], reader: Reader, rows: Listed[Row]) -> list[Shown]:
    values = {"tenant": reader.tenant_id, "experiences": [row["id"] for row in rows]}
    paths = [_path(row) for row in await (await cursor.execute(_SEQUENCES, values)).fetchall()]
    found = await queues.within(cursor, reader, [path.id for path in paths])
    now = await ledger_now(cursor)
    return [_one_shown(row, paths, found, now) for row in rows]


def _one_shown(row: Row, paths: Listed[Sequence], found: Listed[Queue], now: datetime) -> Shown:
    own = in_order(path for path in paths if path.experience_id == row["id"])
    named = {path.id for path in own}
    line_up = tuple(queue for queue in found if queue.sequence_id in named)
    distributions = tuple(queues.distribution_of(queue, now) for queue in line_up)
    defaults = Defaults(row["own_time_zone"], row["own_currency"])
    return Shown(Launch(_experience(row), own, distributions, defaults), line_up, now)


def _experience(row: Row) -> Experience:
    kept = row["settings"] | {name: row[name] for name in _EXPERIENCE}
    state: dict[str, Any] = {name: row[name] for name in (*_STATE, "organization_id", "published")}
    return Experience(**state, config=ExperienceConfig.stored(kept))


def _path(row: Row) -> Sequence:
    kept = row["settings"] | {"name": row["name"]}
    state: dict[str, Any] = {name: row[name] for name in (*_STATE, "experience_id")}
    return Sequence(**state, config=SequenceConfig.stored(kept))
