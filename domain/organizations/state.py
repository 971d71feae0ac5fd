"""The state of organizations and of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from domain.organizations.config import OrganizationConfig


class Mode(StrEnum):
    """Two data sets that know nothing of each other."""

    LIVE = "live"
    TEST = "test"


class KeyKind(StrEnum):
    """Public, or for servers only."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"  # noqa: S105 (a kind, not a password)


class KeyStatus(StrEnum):
    """Where a key stands; RETIRING was replaced and still works until its end."""

    ACTIVE = "ACTIVE"
    RETIRING = "RETIRING"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


Scope = Literal["read", "write", "participants", "exports", "keys"]
SCOPES: tuple[Scope, ...] = ("read", "write", "participants", "exports", "keys")


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization with its two tenants, which have the same settings."""

    id: UUID
    live_tenant_id: UUID
    test_tenant_id: UUID
    config: OrganizationConfig
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str
    version: int = 1

    @property
    def tenants(self) -> dict[Mode, UUID]:
        """Its tenant in each mode."""
        return {Mode.LIVE: self.live_tenant_id, Mode.TEST: self.test_tenant_id}

    def mode_of(self, tenant_id: UUID) -> Mode:
        """The mode of one of its tenants."""
        return Mode.LIVE if tenant_id == self.live_tenant_id else Mode.TEST


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an organization in one mode: only hash, prefix and last four letters are kept."""

    tenant_id: UUID
    id: UUID
    organization_id: UUID
    kind: KeyKind
    name: str
    hash: str
    prefix: str
    last4: str
    scopes: tuple[str, ...]
    created_at: datetime
    status: KeyStatus = KeyStatus.ACTIVE
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def status_at(self, now: datetime) -> KeyStatus:
        """Where the key stands at a moment."""
        ended = self.expires_at is not None and self.expires_at <= now
        return KeyStatus.EXPIRED if ended and self.status is not KeyStatus.REVOKED else self.status

    def usable(self, now: datetime) -> bool:
        """Whether the key opens anything."""
        return self.status_at(now) in {KeyStatus.ACTIVE, KeyStatus.RETIRING}
