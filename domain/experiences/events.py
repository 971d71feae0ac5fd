"""What can happen to experiences and their sequences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.decision import Event


@dataclass(frozen=True, slots=True)
class ExperienceChanged(Event):
    """An experience was created, updated, published, unpublished or archived."""

    type: ClassVar[str] = "experience.changed"
    experience_id: UUID
    change: str
    at: datetime
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SequenceChanged(Event):
    """A sequence was created, updated or archived."""

    type: ClassVar[str] = "sequence.changed"
    sequence_id: UUID
    experience_id: UUID
    change: str
    at: datetime
    fields: tuple[str, ...] | None = None
