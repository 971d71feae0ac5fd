"""Reading across tenants: for the operator, under the maintenance role, which alone may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

_ORGANIZATIONS = """
SELECT live.id, live.slug, live.name, live.status, live.created_at, live.tenant_id, test.tenant_id
FROM organization live JOIN organization test ON test.id = live.id AND test.mode = 'test'
WHERE live.mode = 'live'"""
_ALL = _ORGANIZATIONS + " ORDER BY live.created_at, live.id"
_NAMED = _ORGANIZATIONS + " AND (live.slug = %s OR live.id::text = %s)"
_KEYS = """
SELECT k.id, o.mode, k.kind, k.name, k.prefix, k.last4, k.scopes, k.created_at, k.expires_at, k.tenant_id,
  CASE WHEN k.status <> 'REVOKED' AND k.expires_at <= ledger_now() THEN 'EXPIRED' ELSE k.status END AS status
FROM api_key k JOIN organization o ON o.tenant_id = k.tenant_id AND o.id = k.organization_id
WHERE k.organization_id = %s ORDER BY o.mode, k.kind, k.created_at, k.id"""
_KNOWN = "SELECT EXISTS (SELECT 1 FROM api_key WHERE hash = %s AND status = 'ACTIVE')"
_WAITING = "SELECT coalesce(sum(n), 0), extract(epoch FROM ledger_now() - min(appended_at))::float8 FROM command_log"


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """An organization with its two tenants."""

    id: UUID
    slug: str
    name: str
    status: str
    created_at: datetime
    live_tenant_id: UUID
    test_tenant_id: UUID


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key of an organization. Of its text there is the beginning and the end."""

    id: UUID
    mode: str
    kind: str
    name: str
    prefix: str
    last4: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    tenant_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many commands wait to be decided, and the age of the oldest in seconds (None: none waits)."""

    commands: int
    seconds: float | None


def organizations(connection: Connection) -> list[OrganizationRow]:
    """All organizations, the oldest first."""
    return [OrganizationRow(*row) for row in connection.exec_driver_sql(_ALL)]


def organization(connection: Connection, slug_or_id: str) -> OrganizationRow | None:
    """One organization by its slug or id."""
    row = connection.exec_driver_sql(_NAMED, (slug_or_id, slug_or_id)).first()
    return None if row is None else OrganizationRow(*row)


def keys(connection: Connection, organization_id: UUID) -> list[KeyRow]:
    """The keys of an organization in both modes."""
    return [KeyRow(*row) for row in connection.exec_driver_sql(_KEYS, (organization_id,))]


def key_is_known(connection: Connection, key_hash: str) -> bool:
    """Whether a key with this SHA-256 (hex) works here."""
    return bool(connection.exec_driver_sql(_KNOWN, (key_hash,)).scalar_one())


def waiting(connection: Connection) -> Waiting:
    """What the command log holds now."""
    row = connection.exec_driver_sql(_WAITING).one()
    return Waiting(int(row[0]), row[1])
