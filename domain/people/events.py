"""What can happen to people's sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.decision import Event


@dataclass(frozen=True, slots=True)
class SessionEvent(Event):
    """Something that happened to one session."""

    session_id: UUID
    consumer_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionStarted(SessionEvent):
    """A stranger became a guest."""

    type: ClassVar[str] = "consumer.session.started"


@dataclass(frozen=True, slots=True)
class SessionRefreshed(SessionEvent):
    """A refresh token was traded for the next one."""

    type: ClassVar[str] = "consumer.session.refreshed"
    rotations: int


@dataclass(frozen=True, slots=True)
class SessionEnded(SessionEvent):
    """A person logged out."""

    type: ClassVar[str] = "consumer.session.ended"


@dataclass(frozen=True, slots=True)
class SessionRevoked(SessionEvent):
    """A used refresh token came back, so the whole family ended."""

    type: ClassVar[str] = "consumer.session.revoked"


@dataclass(frozen=True, slots=True)
class ConsumerUpdated(Event):
    """A person changed what they say of themselves: the names of the members, never what they say."""

    type: ClassVar[str] = "consumer.updated"
    consumer_id: UUID
    at: datetime
    changed_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsumerErased(Event):
    """A person was forgotten."""

    type: ClassVar[str] = "consumer.erased"
    consumer_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Visited(Event):
    """A person came into an experience, or went out of it."""

    type: ClassVar[str] = "consumer.visited"
    consumer_id: UUID
    experience_id: UUID
    at: datetime
    inside: bool
