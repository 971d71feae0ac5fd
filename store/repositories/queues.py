"""Queues: one row each, read with what they inherit, written whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.fairness import Frontier, seed_commitment
from domain.queue.config import QueueConfig
from domain.queue.state import Line, Queue
from store import bulk
from store.distribution_json import ended_of, extensions_of, kept_end, kept_extensions, kept_pause, pause_of
from store.repositories.base import Repository, Tenancy
from store.tables.queue import queue as table

_LINE = (
    "tickets", "frontier", "opened_at", "cohort", "tree_head", "seed", "revealed", "head", "head_stale", "waiting", "inside",
    "admitted", "completed", "credit", "credited_at", "lapse_at", "idle_at", "heard_at",
    "heard_since", "speed", "speed_at", "speed_head",
)  # fmt: skip
_SELECT = """
SELECT q.*, e.published AND NOT e.archived AS published, coalesce((o.settings->>'allowGuests')::boolean, true) AS allow_guests
FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
JOIN queue q ON q.tenant_id = w.tenant_id AND q.id = w.id
JOIN experience e ON e.tenant_id = q.tenant_id AND e.id = q.experience_id
JOIN organization o ON o.tenant_id = q.tenant_id AND o.id = q.organization_id"""


class Queues(Repository[UUID, Queue]):
    """The queues of a drain. Settings are written only when their version moved: the line changes with every entry."""

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._versions: dict[tuple[UUID, UUID], int] = {}

    def _key(self, state: Queue) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[Queue]:
        tenants, ids = zip(*wanted, strict=True)
        rows = self._scope.connection.exec_driver_sql(_SELECT, (list(tenants), list(ids)))
        return (self._remembered(_queue(row)) for row in rows)

    def _remembered(self, state: Queue) -> Queue:
        self._versions[self._key(state)] = state.version
        return state

    def _insert(self, states: list[Queue]) -> None:
        bulk.insert(self._scope.connection, table, [_settings(state) | _line(state) for state in states])

    def _update(self, states: list[Queue]) -> None:
        moved = {True: list[dict[str, Any]](), False: list[dict[str, Any]]()}
        for state in states:
            changed = state.version != self._versions.get(self._key(state))
            moved[changed].append((_settings(state) if changed else _place(state)) | _line(state))
        bulk.update(self._scope.connection, table, moved[True])
        bulk.update(self._scope.connection, table, moved[False])


def _place(state: Queue) -> dict[str, Any]:
    extensions = kept_extensions(state.extensions)
    return {"tenant_id": state.tenant_id, "id": state.id, "knock_at": state.knock_at, "extensions": extensions}


def _settings(state: Queue) -> dict[str, Any]:
    return _place(state) | {
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
    }


def _line(state: Queue) -> dict[str, Any]:
    line = state.line
    return {name: getattr(line, name) for name in _LINE} | {"frontier": line.frontier.to_bytes()}


def _queue(row: Row[Any]) -> Queue:
    line = {name: getattr(row, name) for name in _LINE} | {"frontier": Frontier.from_bytes(bytes(row.frontier))}
    return Queue(
        tenant_id=row.tenant_id, id=row.id, organization_id=row.organization_id, experience_id=row.experience_id,
        sequence_id=row.sequence_id, config=QueueConfig.stored(row.config), server_seed=bytes(row.server_seed),
        created_at=row.created_at, updated_at=row.updated_at, created_by=row.created_by, updated_by=row.updated_by,
        version=row.version,
        archived=row.archived, pause=pause_of(row.pause), ended=ended_of(row.ended),
        knock_at=row.knock_at, extensions=extensions_of(row.extensions), line=Line(**line),
        published=row.published, allow_guests=row.allow_guests,
    )  # fmt: skip
