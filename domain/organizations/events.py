"""What can happen to organizations and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.decision import Event


@dataclass(frozen=True, slots=True)
class OrganizationChanged(Event):
    """An organization was created or its settings changed."""

    type: ClassVar[str] = "organization.changed"
    organization_id: UUID
    change: str
    at: datetime
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class KeyChanged(Event):
    """A key was created, began to retire, or was revoked."""

    type: ClassVar[str] = "organization.key.changed"
    key_id: UUID
    change: str
    at: datetime
    ends_at: datetime | None = None
