"""What distributions read of the sequence they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.sequence import SequenceFacts
from store.repositories.base import Repository

_SELECT = """
SELECT s.tenant_id, s.id, e.organization_id, e.id AS experience_id, e.published,
  coalesce((o.settings->>'allowGuests')::boolean, true) AS allow_guests, e.open_at, e.close_at
FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
JOIN sequence s ON s.tenant_id = w.tenant_id AND s.id = w.id AND NOT s.archived
JOIN experience e ON e.tenant_id = s.tenant_id AND e.id = s.experience_id AND NOT e.archived
JOIN organization o ON o.tenant_id = e.tenant_id AND o.id = e.organization_id"""


class Sequences(Repository[UUID, SequenceFacts]):
    """Sequences with what they inherit. Read only: their owner is another partition."""

    def _key(self, state: SequenceFacts) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[SequenceFacts]:
        tenants, ids = zip(*wanted, strict=True)
        rows = self._scope.connection.exec_driver_sql(_SELECT, (list(tenants), list(ids)))
        return (SequenceFacts(*row) for row in rows)

    def _insert(self, states: list[SequenceFacts]) -> None:
        if states:
            raise TypeError("Sequences are written by their own partition.")

    _update = _insert
