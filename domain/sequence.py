"""What every kind of distribution reads of the sequence it belongs to, and never writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """A sequence, its experience and its organization, as a distribution sees them."""

    tenant_id: UUID
    id: UUID
    organization_id: UUID
    experience_id: UUID
    published: bool
    allow_guests: bool
    open_at: datetime | None
    close_at: datetime | None
