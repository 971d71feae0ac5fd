"""What happens to participations, whatever their kind."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.decision import Event


@dataclass(frozen=True, slots=True)
class EntryEvent(Event):
    """Something that happened to one participation."""

    participation_id: UUID
    consumer_id: UUID
    state_version: int
