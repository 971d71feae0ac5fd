"""What an organization may see of itself and of its keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.organizations.state import ApiKey, Organization
from domain.settings import actor_facts
from domain.times import iso


def organization_facts(organization: Organization, tenant_id: UUID) -> dict[str, Any]:
    """The organization with its settings, as one of its tenants sees it."""
    return organization.config.model_dump(mode="json", by_alias=True) | {
        "id": str(organization.id),
        "organizationId": str(organization.id),
        "mode": organization.mode_of(tenant_id).value,
        "version": organization.version,
        "archived": False,
        "createdAt": iso(organization.created_at),
        "updatedAt": iso(organization.updated_at),
        "createdBy": actor_facts(organization.created_by),
        "updatedBy": actor_facts(organization.updated_by),
    }


def key_facts(key: ApiKey, mode: str, now: datetime) -> dict[str, Any]:
    """A key as its organization sees it; of its text no more than the beginning and the end."""
    return {
        "id": str(key.id),
        "organizationId": str(key.organization_id),
        "mode": mode,
        "name": key.name,
        "kind": key.kind.value,
        "scopes": list(key.scopes),
        "prefix": key.prefix,
        "last4": key.last4,
        "status": key.status_at(now).value,
        "createdAt": iso(key.created_at),
        "expiresAt": iso(key.expires_at),
        "revokedAt": iso(key.revoked_at),
        "lastUsedAt": iso(key.last_used_at),
    }
