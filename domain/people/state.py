"""The state of people and of their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.people.config import ProfileConfig


class Level(StrEnum):
    """How well a person is known: a stranger, gave an address, proved it."""

    GUEST = "guest"
    REGISTERED = "registered"
    VERIFIED = "verified"


class SessionStatus(StrEnum):
    """Where a session stands: usable, ended by its owner, or revoked because a used token came back."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class Consumer:
    """A person, as one organization knows them in one mode."""

    tenant_id: UUID
    id: UUID
    created_at: datetime
    level: Level = Level.GUEST


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says of themselves, under the person's id; whoever says nothing has none. Erased: it stays empty."""

    tenant_id: UUID
    id: UUID
    config: ProfileConfig
    updated_at: datetime
    version: int = 1
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A person in an experience, since `entered_at`; `version` grows by one with each coming and going."""

    tenant_id: UUID
    id: UUID
    consumer_id: UUID
    experience_id: UUID
    entered_at: datetime
    left_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Session:
    """A family of refresh tokens, of which only the latest is good; hashes of the latest and the one before are kept.

    `rotations` counts the tokens that were traded in, `rotated_at` is the last time; a token pair is issued at the
    start and at every rotation.
    """

    tenant_id: UUID
    id: UUID
    consumer_id: UUID
    refresh_hash: str
    created_at: datetime
    expires_at: datetime
    status: SessionStatus = SessionStatus.ACTIVE
    previous_hash: str | None = None
    rotations: int = 0
    rotated_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def issued_at(self) -> datetime:
        """When its latest token pair was issued."""
        return self.rotated_at or self.created_at
