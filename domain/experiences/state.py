"""The state of experiences and of their sequences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.experiences.config import ExperienceConfig, SequenceConfig


@dataclass(frozen=True, slots=True)
class Experience:
    """A launch as the public sees it. Its slug is settled: `config.slug` holds it."""

    tenant_id: UUID
    id: UUID
    organization_id: UUID
    config: ExperienceConfig
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str
    published: bool = False
    archived: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """An access path into an experience."""

    tenant_id: UUID
    id: UUID
    experience_id: UUID
    config: SequenceConfig
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str
    archived: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Distribution:
    """What an experience reads of a distribution of any kind: where it stands, and whether somebody takes part.

    `lifecycle` is by its own times, as if its experience were published. `type` is the word of its kind.
    """

    id: UUID
    sequence_id: UUID
    lifecycle: str
    live: bool
    open_at: datetime | None
    close_at: datetime | None
    type: str = ""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an experience inherits from its organization."""

    time_zone: str
    currency_code: str


@dataclass(frozen=True, slots=True)
class Launch:
    """An experience with all that belongs to it: its live sequences, the most prior first, and their distributions."""

    experience: Experience
    paths: tuple[Sequence, ...]
    distributions: tuple[Distribution, ...]
    defaults: Defaults

    @property
    def offered(self) -> tuple[Distribution, ...]:
        """The distributions as people meet them: nothing is open before the experience is published."""
        if self.experience.published:
            return self.distributions
        return tuple(
            replace(one, lifecycle="scheduled") if one.lifecycle == "open" else one for one in self.distributions
        )
