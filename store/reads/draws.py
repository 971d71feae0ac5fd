"""Draws as the gateway may see them: everything but the secret seed and the log's frontier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncCursor, sql
from psycopg.rows import DictRow

from domain.draw.config import DrawConfig
from domain.draw.rules import is_live
from domain.draw.state import Draw, Pool
from domain.experiences.state import Distribution
from store.distribution_json import ended_of, pause_of
from store.draw_lots import lots_of
from store.reads.base import Reader, Row, Slice, ledger_now, listed, matching

_POOL: Final = tuple(name for name in Pool._fields if name != "frontier")
_KEPT: Final = (
    "tenant_id", "id", "organization_id", "experience_id", "sequence_id", "config", "name", "open_at", "created_at",
    "updated_at", "created_by", "updated_by", "version", "archived", "pause", "ended", "knock_at", "seed_commitment",
)  # fmt: skip
_COLUMNS = sql.SQL(", ").join(sql.Identifier("d", name) for name in (*_KEPT, *_POOL))
_FROM = sql.SQL(
    "SELECT {columns}, ledger_now() AS now, e.published AND NOT e.archived AS published, "
    "coalesce((o.settings->>'allowGuests')::boolean, true) AS allow_guests FROM draw d "
    "JOIN experience e ON e.tenant_id = d.tenant_id AND e.id = d.experience_id "
    "JOIN organization o ON o.tenant_id = d.tenant_id AND o.id = d.organization_id WHERE d.tenant_id = %(tenant)s"
).format(columns=_COLUMNS)
_THERE = "SELECT 1 AS there FROM draw WHERE tenant_id = %s AND id = %s"
_COMMITMENT = "SELECT seed_commitment FROM draw WHERE tenant_id = %s AND id = %s"
_ONE = _FROM + sql.SQL(" AND d.id = %(id)s")
_SNAPSHOT = sql.SQL(
    "SELECT d.*, coalesce((SELECT max(j.seq) FROM journal j WHERE j.tenant_id = d.tenant_id AND j.aggregate_id = d.id), 0)"
    " AS seq, ARRAY(SELECT DISTINCT c FROM journal j, unnest(j.changed) c WHERE %(since)s >= 0 AND j.tenant_id = d.tenant_id"
    " AND j.aggregate_id = d.id AND j.seq > %(since)s) AS changed FROM ({one}) d"
).format(one=_ONE)
_OF_SEQUENCES = _FROM + sql.SQL(
    " AND d.sequence_id = ANY (%(sequences)s) AND NOT d.archived ORDER BY d.created_at, d.id"
)
_LIST = _FROM + sql.SQL(
    " AND d.archived = %(archived)s AND d.name ILIKE %(search)s"
    " AND (%(sequence)s::uuid IS NULL OR d.sequence_id = %(sequence)s)"
    " AND (%(experience)s::uuid IS NULL OR d.experience_id = %(experience)s)"
)


async def one(reader: Reader, draw_id: UUID) -> tuple[Draw, datetime] | None:
    """A draw and the ledger's time, or None."""
    row = await reader.one(_ONE, {"tenant": reader.tenant_id, "id": draw_id})
    return None if row is None else (draw_of(row), row["now"])


async def snapshot(reader: Reader, draw_id: UUID, since: int) -> Row | None:
    """The draw as it stands, the journal's `seq`, and the consumers whose own state `changed` after journal seq `since`.

    Whoever has seen nothing yet (`since` below 0) keeps nobody who could have changed, and is spared the whole journal.
    """
    return await reader.one(_SNAPSHOT, {"tenant": reader.tenant_id, "id": draw_id, "since": since})


async def exists(reader: Reader, draw_id: UUID) -> bool:
    """Whether the tenant has this draw."""
    return await reader.one(_THERE, (reader.tenant_id, draw_id)) is not None


async def commitment(reader: Reader, draw_id: UUID) -> bytes:
    """What was published of the secret seed when the draw was made."""
    row = await reader.one(_COMMITMENT, (reader.tenant_id, draw_id))
    return bytes(row["seed_commitment"]) if row else b""


async def some(
    reader: Reader, part: Slice, *, sequence: UUID | None = None, experience: UUID | None = None
) -> tuple[list[Draw], int, datetime]:
    """A part of the tenant's draws, how many there are in all, and the ledger's time."""
    values = {
        "tenant": reader.tenant_id, "archived": part.archived, "search": matching(part.search), "sequence": sequence,
        "experience": experience,
    }  # fmt: skip
    async with reader.moment() as cursor:
        rows, total = await listed(cursor, _LIST, values, part)
        return [draw_of(row) for row in rows], total, await ledger_now(cursor)


async def within(cursor: AsyncCursor[DictRow], reader: Reader, sequences: Iterable[UUID]) -> list[Draw]:
    """The draws of these sequences that are in the lists, the older first, in a moment that is open already."""
    values = {"tenant": reader.tenant_id, "sequences": list(sequences)}
    return [draw_of(row) for row in await (await cursor.execute(_OF_SEQUENCES, values)).fetchall()]


def distribution_of(draw: Draw, now: datetime) -> Distribution:
    """What an experience shows of a draw."""
    config, lifecycle = draw.config, draw.lifecycle(now).value
    return Distribution(draw.id, draw.sequence_id, lifecycle, is_live(draw), config.open_at, config.closes_at, "draw")


def draw_of(row: Row) -> Draw:
    """A draw without its secrets: the seed is empty until it is revealed."""
    return Draw(
        tenant_id=row["tenant_id"], id=row["id"], organization_id=row["organization_id"],
        experience_id=row["experience_id"], sequence_id=row["sequence_id"], config=DrawConfig.stored(row["config"]),
        server_seed=bytes(row["revealed"]), created_at=row["created_at"], updated_at=row["updated_at"],
        created_by=row["created_by"], updated_by=row["updated_by"], version=row["version"], archived=row["archived"],
        pause=pause_of(row["pause"]), ended=ended_of(row["ended"]), knock_at=row["knock_at"],
        pool=Pool(**{name: row[name] for name in _POOL} | {"lots": lots_of(row["lots"])}),
        published=row["published"], allow_guests=row["allow_guests"],
    )  # fmt: skip
