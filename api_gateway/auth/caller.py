"""Who is asking: a key of an organization in one of its modes, and perhaps a consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

PUBLISHABLE, SECRET, CONSUMER = "publishable", "secret", "consumer"


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A key as the store resolves it, with its organization. `settings` are the organization's."""

    tenant_id: UUID
    organization_id: UUID
    mode: str
    slug: str
    organization_status: str
    settings: Mapping[str, Any]
    id: UUID
    kind: str
    scopes: frozenset[str]
    status: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """A caller who was recognized. `kind` is publishable, secret or consumer; only a consumer has the last three."""

    key: Key
    kind: str
    consumer_id: UUID | None = None
    session_id: UUID | None = None
    is_guest: bool = False

    @property
    def tenant_id(self) -> UUID:
        """The organization in one of its modes."""
        return self.key.tenant_id

    @property
    def organization_id(self) -> UUID:
        """The organization."""
        return self.key.organization_id

    @property
    def mode(self) -> str:
        """Live or test."""
        return self.key.mode

    @property
    def slug(self) -> str:
        """The organization's short name."""
        return self.key.slug

    @property
    def key_id(self) -> UUID:
        """The key that was presented."""
        return self.key.id

    @property
    def scopes(self) -> frozenset[str]:
        """What a secret key may do."""
        return self.key.scopes

    @property
    def settings(self) -> Mapping[str, Any]:
        """The organization's settings."""
        return self.key.settings
