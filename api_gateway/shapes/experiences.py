"""Experiences and sequences as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api_gateway.shapes.common import Linked, Shape
from api_gateway.shapes.draws import KeptDraw, PublicDraw
from api_gateway.shapes.queues import KeptQueue, PublicQueue
from domain.settings import Name, Settings

Stage = Literal["draft", "open", "settling", "scheduled", "closed"]
Availability = Literal["open", "upcoming", "waitlist", "closed"]


class DuplicateBody(Settings):
    """What the copy is called, and by how many seconds its dates are moved."""

    name: Name | None = None
    shift_seconds: int = Field(0, ge=-315_360_000, le=315_360_000)


class PublicSequence(Shape):
    """An access path as visitors see it."""

    id: UUID
    name: str
    color: str | None
    priority: int
    availability: Availability
    queues: list[PublicQueue]
    draws: list[PublicDraw]


class PublicExperience(Linked):
    """An experience as visitors see it."""

    id: UUID
    name: str
    slug: str
    description: str | None
    open_at: datetime | None
    close_at: datetime | None
    time_zone: str
    currency_code: str
    lifecycle: Stage
    i18n: dict[str, dict[str, str]] = Field(alias="i18n")
    theme: dict[str, Any]
    has_access_code: bool
    has_protected_sequences: bool
    products: list[Any]
    sequences: list[PublicSequence]
    version: int


class KeptSequence(Linked):
    """A sequence as its organization sees it."""

    id: UUID
    experience_id: UUID
    name: str
    color: str | None
    priority: int
    availability: Availability
    version: int
    archived: bool
    created_at: datetime
    updated_at: datetime
    queues: list[KeptQueue] | None = None
    draws: list[KeptDraw] | None = None


class KeptExperience(Linked):
    """An experience as its organization sees it."""

    id: UUID
    organization_id: UUID
    mode: Literal["live", "test"]
    name: str
    slug: str
    published: bool
    lifecycle: Stage
    open_at: datetime | None
    close_at: datetime | None
    time_zone: str
    currency_code: str
    version: int
    archived: bool
    created_at: datetime
    updated_at: datetime
    sequences: list[KeptSequence]


class EnterExperienceBody(Settings):
    """Nothing is said by coming in."""


class EnteredExperience(Shape):
    """That a person is in an experience, and since when."""

    experience_id: UUID
    entered_at: datetime
    experience: PublicExperience


class LeftExperience(Shape):
    """Whether the person was in, and has left."""

    left: bool
