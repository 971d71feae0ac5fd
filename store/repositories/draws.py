"""Draws: one row each, read with what they inherit, written whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.draw.config import DrawConfig
from domain.draw.state import Draw, Pool
from domain.fairness import Frontier, seed_commitment
from store import bulk
from store.distribution_json import ended_of, kept_end, kept_pause, pause_of
from store.draw_lots import kept_lots, lots_of
from store.repositories.base import Repository
from store.tables.draw import draw as table

_POOL = Pool._fields
_SELECT = """
SELECT d.*, e.published AND NOT e.archived AS published, coalesce((o.settings->>'allowGuests')::boolean, true) AS allow_guests
FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
JOIN draw d ON d.tenant_id = w.tenant_id AND d.id = w.id
JOIN experience e ON e.tenant_id = d.tenant_id AND e.id = d.experience_id
JOIN organization o ON o.tenant_id = d.tenant_id AND o.id = d.organization_id"""


class Draws(Repository[UUID, Draw]):
    """The draws of a drain."""

    def _key(self, state: Draw) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[Draw]:
        tenants, ids = zip(*wanted, strict=True)
        rows = self._scope.connection.exec_driver_sql(_SELECT, (list(tenants), list(ids)))
        return (_draw(row) for row in rows)

    def _insert(self, states: list[Draw]) -> None:
        bulk.insert(self._scope.connection, table, [_row(state) for state in states])

    def _update(self, states: list[Draw]) -> None:
        bulk.update(self._scope.connection, table, [_row(state) for state in states])


def _row(state: Draw) -> dict[str, Any]:
    pool = state.pool._asdict() | {"frontier": state.pool.frontier.to_bytes(), "lots": kept_lots(state.pool.lots)}
    return pool | {
        "tenant_id": state.tenant_id,
        "id": state.id,
        "organization_id": state.organization_id,
        "experience_id": state.experience_id,
        "sequence_id": state.sequence_id,
        "name": state.config.name,
        "config": state.config.model_dump(mode="json", by_alias=True),
        "server_seed": state.server_seed,
        "seed_commitment": seed_commitment(state.server_seed),
        "archived": state.archived,
        "pause": kept_pause(state.pause),
        "ended": kept_end(state.ended),
        "version": state.version,
        "open_at": state.config.open_at,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "created_by": state.created_by,
        "updated_by": state.updated_by,
        "knock_at": state.knock_at,
    }


def _draw(row: Row[Any]) -> Draw:
    pool = {name: getattr(row, name) for name in _POOL}
    pool |= {"frontier": Frontier.from_bytes(bytes(row.frontier)), "lots": lots_of(row.lots)}
    return Draw(
        tenant_id=row.tenant_id, id=row.id, organization_id=row.organization_id, experience_id=row.experience_id,
        sequence_id=row.sequence_id, config=DrawConfig.stored(row.config), server_seed=bytes(row.server_seed),
        created_at=row.created_at, updated_at=row.updated_at, created_by=row.created_by, updated_by=row.updated_by,
        version=row.version, archived=row.archived, pause=pause_of(row.pause), ended=ended_of(row.ended),
        knock_at=row.knock_at, pool=Pool(**pool), published=row.published, allow_guests=row.allow_guests,
    )  # fmt: skip
