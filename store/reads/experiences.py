"""Experiences with their sequences and what those distribute, as the gateway may see them."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncCursor, sql
from psycopg.rows import DictRow

from domain.draw.state import Draw
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.experiences.rules import in_order
from domain.experiences.state import Defaults, Distribution, Experience, Launch, Sequence
from domain.queue.state import Queue
from store.reads import draws, queues
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
class Offer:
    """What some sequences distribute, by kinds, the older first."""

    queues: tuple[Queue, ...]
    draws: tuple[Draw, ...]

    def under(self, sequences: Collection[UUID]) -> Offer:
        """What these sequences distribute."""
        return Offer(
            tuple(one for one in self.queues if one.sequence_id in sequences),
            tuple(one for one in self.draws if one.sequence_id in sequences),
        )

    def distributions(self, now: datetime) -> tuple[Distribution, ...]:
        """What an experience reads of all of them."""
        lines = (queues.distribution_of(one, now) for one in self.queues)
        return (*lines, *(draws.distribution_of(one, now) for one in self.draws))


@dataclass(frozen=True, slots=True)
class Shown:
    """An experience with all that belongs to it, its distributions whole, at a moment of the ledger."""

    launch: Launch
    offer: Offer
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


async def sequence(reader: Reader, sequence_id: UUID) -> tuple[Sequence, Offer, datetime] | None:
    """A sequence with what it distributes."""
    async with reader.moment() as cursor:
        values = {"tenant": reader.tenant_id, "id": sequence_id}
        row = await (await cursor.execute(_SEQUENCE, values)).fetchone()
        if row is None:
            return None
        found = await _offer(cursor, reader, [sequence_id])
        return _path(row), found, await ledger_now(cursor)


async def sequences(
    reader: Reader, part: Slice, experience: UUID | None
) -> tuple[list[tuple[Sequence, Offer]], int, datetime]:
    """A part of the tenant's sequences, each with what it distributes, and how many there are in all."""
    search = matching(part.search)
    values = {"tenant": reader.tenant_id, "archived": part.archived, "search": search, "experience": experience}
    async with reader.moment() as cursor:
        rows, total = await listed(cursor, _LIST_SEQUENCES, values, part)
        found = await _offer(cursor, reader, [row["id"] for row in rows])
        now = await ledger_now(cursor)
    paths = [(_path(row), found.under({row["id"]})) for row in rows]
    return paths, total, now


async def _shown(cursor: AsyncCursor[DictRow], reader: Reader, rows: Listed[Row]) -> list[Shown]:
    values = {"tenant": reader.tenant_id, "experiences": [row["id"] for row in rows]}
    paths = [_path(row) for row in await (await cursor.execute(_SEQUENCES, values)).fetchall()]
    found = await _offer(cursor, reader, [path.id for path in paths])
    now = await ledger_now(cursor)
    return [_one_shown(row, paths, found, now) for row in rows]


async def _offer(cursor: AsyncCursor[DictRow], reader: Reader, sequences: Listed[UUID]) -> Offer:
    lines = await queues.within(cursor, reader, sequences)
    return Offer(tuple(lines), tuple(await draws.within(cursor, reader, sequences)))


def _one_shown(row: Row, paths: Listed[Sequence], found: Offer, now: datetime) -> Shown:
    own = in_order(path for path in paths if path.experience_id == row["id"])
    offer = found.under({path.id for path in own})
    defaults = Defaults(row["own_time_zone"], row["own_currency"])
    return Shown(Launch(_experience(row), own, offer.distributions(now), defaults), offer, now)


def _experience(row: Row) -> Experience:
    kept = row["settings"] | {name: row[name] for name in _EXPERIENCE}
    state: dict[str, Any] = {name: row[name] for name in (*_STATE, "organization_id", "published")}
    return Experience(**state, config=ExperienceConfig.stored(kept))


def _path(row: Row) -> Sequence:
    kept = row["settings"] | {"name": row["name"]}
    state: dict[str, Any] = {name: row[name] for name in (*_STATE, "experience_id")}
    return Sequence(**state, config=SequenceConfig.stored(kept))
