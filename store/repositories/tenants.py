"""Tenants, read only: what a command may know of the organization it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.tenant import TenantFacts
from store.repositories.base import Repository

_SELECT = """
SELECT o.tenant_id, o.id, o.mode, o.slug, coalesce((o.settings->>'allowGuests')::boolean, true) AS allow_guests,
  coalesce((o.settings->>'accessTokenSeconds')::int, 3600) AS access_token_seconds,
  coalesce((o.settings->>'refreshTokenSeconds')::int, 2592000) AS refresh_token_seconds
FROM organization o WHERE o.tenant_id = ANY (%s::uuid[])"""


class Tenants(Repository[UUID, TenantFacts]):
    """The tenants of a drain; a tenant is its own key."""

    def _key(self, state: TenantFacts) -> tuple[UUID, UUID]:
        return state.tenant_id, state.tenant_id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[TenantFacts]:
        rows = self._scope.connection.exec_driver_sql(_SELECT, ([key for _, key in wanted],))
        return (TenantFacts(*row) for row in rows)

    def _insert(self, states: list[TenantFacts]) -> None:
        if states:
            raise TypeError("Tenants are written as organizations.")

    _update = _insert
