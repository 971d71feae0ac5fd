"""Organizations and their keys. An organization is two rows with one content, one in each of its tenants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.organizations.config import OrganizationConfig
from domain.organizations.state import ApiKey, KeyKind, KeyStatus, Mode, Organization
from store import bulk
from store.pipelined import Connection
from store.repositories.base import Repository
from store.repositories.by_id import ById
from store.tables.organization import api_key
from store.tables.organization import organization as table

_SELECT = "SELECT * FROM organization WHERE tenant_id = ANY (%s::uuid[])"
_HOLDER = "SELECT organization_id FROM resolve_slug(%s) LIMIT 1"
_SEE_ALSO = """
SELECT set_config('drumroll.tenants', array_cat(
  coalesce(nullif(current_setting('drumroll.tenants', true), ''), '{}')::uuid[], %s::uuid[])::text, true)"""
_COLUMNS = frozenset({"name", "slug", "status"})


def see_also(connection: Connection, tenants: Iterable[UUID]) -> None:
    """Let row level security show these tenants too, until the transaction ends: an organization has two of them."""
    connection.exec_driver_sql(_SEE_ALSO, (list(tenants),))


class Organizations(Repository[UUID, Organization]):
    """The organizations of a drain, each found by either of its tenants, whose commands see the same state."""

    def take(self) -> None:
        """Take the answer. What is known through one tenant already is not read anew through the other."""
        found, self._found = self._found, ()
        for state in found:
            if self._known.get(self._key(state)) is None:
                self._file(state)

    def put(self, state: Organization) -> None:
        """Keep a new state; it is written to both tenants when the drain is done."""
        super().put(state)
        self._file(state)

    def slug_holder(self, slug: str) -> UUID | None:
        """The id of the organization that has this slug, in this drain or in the store.

        A slug that was given up in this very drain still counts as taken, because rows are written in bulk and the
        store must not see two holders for a moment.
        """
        here = next((state.id for state in self.touched() if state.config.slug == slug), None)
        stored: UUID | None = self._scope.connection.exec_driver_sql(_HOLDER, (slug,)).scalar()
        return stored or here

    def _file(self, state: Organization) -> None:
        for tenant in state.tenants.values():
            self._known[tenant, tenant] = state

    def _key(self, state: Organization) -> tuple[UUID, UUID]:
        return state.live_tenant_id, state.live_tenant_id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[Organization]:
        rows = self._scope.connection.exec_driver_sql(_SELECT, ([tenant for tenant, _ in wanted],))
        return (_organization(row) for row in rows)

    def _insert(self, states: list[Organization]) -> None:
        self._open(states)
        bulk.insert(self._scope.connection, table, [row for state in states for row in _rows(state)])

    def _update(self, states: list[Organization]) -> None:
        self._open(states)
        bulk.update(self._scope.connection, table, [row for state in states for row in _rows(state)])

    def _open(self, states: list[Organization]) -> None:
        if states:
            see_also(self._scope.connection, (tenant for state in states for tenant in state.tenants.values()))


class Keys(ById[ApiKey]):
    """The keys of a drain. A tenant has few of them, so all are read together."""

    table = api_key

    def of_tenant(self) -> tuple[ApiKey, ...]:
        """Every key of the tenant in hand, the first first."""
        tenant = self._scope.tenant_id
        self._where("tenant_id = %s", tenant)
        return tuple(sorted(self._of(tenant), key=lambda key: (key.created_at, key.id)))

    def _of(self, tenant: UUID) -> Iterable[ApiKey]:
        return (key for key in self.touched() if key.tenant_id == tenant)

    def _state(self, row: Row[Any]) -> ApiKey:
        told = {"kind": KeyKind(row.kind), "scopes": tuple(row.scopes), "status": KeyStatus(row.status)}
        return ApiKey(**row._asdict() | told)


def _rows(state: Organization) -> list[dict[str, Any]]:
    twins = {Mode.LIVE: state.test_tenant_id, Mode.TEST: state.live_tenant_id}
    common = {
        "id": state.id,
        "name": state.config.name,
        "slug": state.config.slug,
        "status": state.config.status,
        "settings": state.config.model_dump(mode="json", by_alias=True, exclude=set(_COLUMNS)),
        "version": state.version,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "created_by": state.created_by,
        "updated_by": state.updated_by,
    }
    return [
        {"tenant_id": tenant, "twin_tenant_id": twins[mode], "mode": mode} | common
        for mode, tenant in state.tenants.items()
    ]


def _organization(row: Row[Any]) -> Organization:
    kept = row.settings | {name: getattr(row, name) for name in _COLUMNS}
    live = row.mode == Mode.LIVE
    return Organization(
        id=row.id,
        live_tenant_id=row.tenant_id if live else row.twin_tenant_id,
        test_tenant_id=row.twin_tenant_id if live else row.tenant_id,
        config=OrganizationConfig.stored(kept),
        created_at=row.created_at,
        updated_at=row.updated_at,
        created_by=row.created_by,
        updated_by=row.updated_by,
        version=row.version,
    )
