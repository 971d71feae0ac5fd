"""Experiences and their sequences: one row each, written whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.experiences.state import Experience, Sequence
from store.repositories.base import Tenancy
from store.repositories.by_id import ById
from store.tables import experience as tables

_SLUGS = "SELECT slug FROM experience WHERE tenant_id = %s AND starts_with(slug, %s)"
_QUEUES = """
SELECT q.id FROM sequence s JOIN queue q ON q.tenant_id = s.tenant_id AND q.sequence_id = s.id
WHERE s.tenant_id = %s AND s.experience_id = %s AND NOT q.archived ORDER BY q.created_at, q.id"""
_DRAWS = """
SELECT d.id FROM sequence s JOIN draw d ON d.tenant_id = s.tenant_id AND d.sequence_id = s.id
WHERE s.tenant_id = %s AND s.experience_id = %s AND NOT d.archived ORDER BY d.created_at, d.id"""
LIKENESS = 40
_EXPERIENCE = frozenset({"name", "slug", "open_at", "close_at"})
_SEQUENCE = frozenset({"name"})


class Experiences(ById[Experience]):
    """The experiences of a drain, those that were put away included."""

    table = tables.experience

    def slugs_like(self, slug: str) -> set[str]:
        """The slugs in use among which this one, or this one with a number, has to find its place.

        Those of experiences that were put away count too: an address never comes to mean something else.
        """
        tenant, start = self._scope.tenant_id, slug[:LIKENESS]
        known = (one.config.slug for one in self.touched() if one.tenant_id == tenant)
        here = {own for own in known if own is not None and own.startswith(start)}
        return here | set(self._scope.connection.exec_driver_sql(_SLUGS, (tenant, start)).scalars())

    def _state(self, row: Row[Any]) -> Experience:
        told = row._asdict()
        kept = told.pop("settings") | {name: told.pop(name) for name in _EXPERIENCE}
        return Experience(**told, config=ExperienceConfig.stored(kept))

    def _row(self, state: Experience) -> dict[str, Any]:
        config = state.config
        return _kept(state) | {
            "organization_id": state.organization_id,
            "settings": config.model_dump(mode="json", by_alias=True, exclude=set(_EXPERIENCE)),
            "published": state.published,
            **{name: getattr(config, name) for name in _EXPERIENCE},
        }


class Paths(ById[Sequence]):
    """The sequences of a drain as their owner writes them."""

    table = tables.sequence

    def of_experience(self, experience_id: UUID) -> tuple[Sequence, ...]:
        """The sequences of an experience that are in the lists."""
        tenant = self._scope.tenant_id
        self._where("tenant_id = %s AND experience_id = %s AND NOT archived", tenant, experience_id)
        of = (path for path in self.touched() if path.tenant_id == tenant and path.experience_id == experience_id)
        return tuple(path for path in of if not path.archived)

    def _state(self, row: Row[Any]) -> Sequence:
        told = row._asdict()
        kept = told.pop("settings") | {name: told.pop(name) for name in _SEQUENCE}
        return Sequence(**told, config=SequenceConfig.stored(kept))

    def _row(self, state: Sequence) -> dict[str, Any]:
        return _kept(state) | {
            "experience_id": state.experience_id,
            "name": state.config.name,
            "settings": state.config.model_dump(mode="json", by_alias=True, exclude=set(_SEQUENCE)),
        }


def queues_of(scope: Tenancy, experience_id: UUID) -> list[UUID]:
    """The queues of an experience that are in the lists, the older first."""
    return list(scope.connection.exec_driver_sql(_QUEUES, (scope.tenant_id, experience_id)).scalars())


def draws_of(scope: Tenancy, experience_id: UUID) -> list[UUID]:
    """The draws of an experience that are in the lists, the older first."""
    return list(scope.connection.exec_driver_sql(_DRAWS, (scope.tenant_id, experience_id)).scalars())


def _kept(state: Experience | Sequence) -> dict[str, Any]:
    return {
        "tenant_id": state.tenant_id,
        "id": state.id,
        "archived": state.archived,
        "version": state.version,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "created_by": state.created_by,
        "updated_by": state.updated_by,
    }
