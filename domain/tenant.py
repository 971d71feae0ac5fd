"""What every command may know of the tenant it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """An organization in one of its modes. Token lives in seconds."""

    tenant_id: UUID
    organization_id: UUID
    mode: str
    slug: str
    allow_guests: bool
    access_token_seconds: int
    refresh_token_seconds: int
