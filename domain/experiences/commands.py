"""What can be asked of experiences and their sequences."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.command import Command
from domain.experiences.config import ExperienceConfig, SequenceConfig


class ExperienceCommand(Command):
    """A command on the experiences of one tenant.

    Slugs are unique within a tenant, so all its experiences and sequences have one writer. It names the tenant that it
    travels under.
    """

    topic: ClassVar[str] = "admin"
    tenant_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The tenant whose experiences they are."""
        return self.tenant_id


class Nested(BaseModel):
    """A distribution to be made under a sequence, by the sequence's place in the command; its kind knows the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: int = Field(ge=0)
    type: str
    settings: dict[str, Any]


class CreateExperience(ExperienceCommand):
    """Make an experience with its sequences, or with one, and their distributions: all of it or nothing.

    The command's id is the experience's.
    """

    type: ClassVar[str] = "experience.create"
    config: ExperienceConfig
    sequences: tuple[SequenceConfig, ...] = ()
    distributions: tuple[Nested, ...] = ()


class DuplicateExperience(ExperienceCommand):
    """Make an unpublished copy of an experience, with sequences and distributions, every date moved by so many seconds.

    The command's id is the copy's.
    """

    type: ClassVar[str] = "experience.duplicate"
    experience_id: UUID
    name: str | None = None
    shift_seconds: int = 0


class UpdateExperience(ExperienceCommand):
    """Merge (or, with `replace`, put) settings. `changes` holds the members that were sent, by their wire names."""

    type: ClassVar[str] = "experience.update"
    experience_id: UUID
    changes: dict[str, Any]
    replace: bool = False
    if_version: int | None = None


class PublishExperience(ExperienceCommand):
    """Show an experience to the public."""

    type: ClassVar[str] = "experience.publish"
    experience_id: UUID


class UnpublishExperience(ExperienceCommand):
    """Hide an experience from the public."""

    type: ClassVar[str] = "experience.unpublish"
    experience_id: UUID


class ArchiveExperience(ExperienceCommand):
    """Take an experience out of the lists, with all that belongs to it."""

    type: ClassVar[str] = "experience.archive"
    experience_id: UUID
    if_version: int | None = None


class CreateSequence(ExperienceCommand):
    """Make a sequence in an experience. The command's id is the sequence's."""

    type: ClassVar[str] = "sequence.create"
    experience_id: UUID
    config: SequenceConfig


class UpdateSequence(ExperienceCommand):
    """Merge (or, with `replace`, put) settings. `changes` holds the members that were sent, by their wire names."""

    type: ClassVar[str] = "sequence.update"
    sequence_id: UUID
    changes: dict[str, Any]
    replace: bool = False
    if_version: int | None = None


class ArchiveSequence(ExperienceCommand):
    """Take a sequence out of the lists, with its distributions."""

    type: ClassVar[str] = "sequence.archive"
    sequence_id: UUID
    if_version: int | None = None
