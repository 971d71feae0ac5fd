"""Organizations and their keys, as the gateway may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.organizations.config import OrganizationConfig
from domain.organizations.state import ApiKey, KeyKind, KeyStatus, Mode, Organization
from store.reads.base import Reader, Row, ledger_now

_CURRENT = "SELECT * FROM organization WHERE tenant_id = %s"
_KEYS = """
SELECT tenant_id, id, organization_id, kind, name, prefix, last4, scopes, status, created_at, expires_at, revoked_at,
  last_used_at
FROM api_key WHERE tenant_id = %s ORDER BY created_at DESC, id DESC"""
_COLUMNS = ("name", "slug", "status")


async def current(reader: Reader) -> Organization | None:
    """The organization of the tenant."""
    row = await reader.one(_CURRENT, (reader.tenant_id,))
    return None if row is None else _organization(row)


async def keys(reader: Reader) -> tuple[list[ApiKey], datetime]:
    """The keys of the tenant, the newest first, without their hashes, and the ledger's time."""
    async with reader.moment() as cursor:
        rows = await (await cursor.execute(_KEYS, (reader.tenant_id,))).fetchall()
        return [_key(row) for row in rows], await ledger_now(cursor)


async def slug_holder(reader: Reader, slug: str) -> UUID | None:
    """The organization that has a slug, whichever it is: slugs are public."""
    row = await reader.one("SELECT organization_id FROM resolve_slug(%s) LIMIT 1", (slug,))
    return None if row is None else row["organization_id"]


def _organization(row: Row) -> Organization:
    live = row["mode"] == Mode.LIVE
    own: UUID = row["tenant_id"]
    twin: UUID = row["twin_tenant_id"]
    return Organization(
        id=row["id"], live_tenant_id=own if live else twin, test_tenant_id=twin if live else own,
        config=OrganizationConfig.stored(row["settings"] | {name: row[name] for name in _COLUMNS}),
        created_at=row["created_at"], updated_at=row["updated_at"], created_by=row["created_by"],
        updated_by=row["updated_by"], version=row["version"],
    )  # fmt: skip


def _key(row: Row) -> ApiKey:
    told: dict[str, Any] = dict(row)
    told |= {"kind": KeyKind(row["kind"]), "scopes": tuple(row["scopes"]), "status": KeyStatus(row["status"])}
    return ApiKey(**told, hash="")
