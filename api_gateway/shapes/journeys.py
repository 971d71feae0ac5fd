"""What a person takes part in, as it is shown to that person."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from api_gateway.shapes.common import Linked, Shape
from api_gateway.shapes.draws import DrawState
from api_gateway.shapes.draws import Status as DrawStatus
from api_gateway.shapes.queues import Lifecycle, State, Status


class Person(Shape):
    """Who asks; a guest has no more than an id."""

    id: UUID
    level: Literal["guest", "registered", "verified"]
    email: str | None = None
    email_verified: bool
    phone: str | None = None
    phone_verified: bool
    full_name: str | None = None
    language_code: str | None = None


class Active(Shape):
    """The states of everything that the person takes part in now; kinds that do not exist yet are empty."""

    experiences: list[UUID]
    queues: list[State]
    draws: list[DrawState]
    auctions: list[Any]
    appointments: list[Any]
    timed_releases: list[Any]
    waitlists: list[Any]


class JourneyDistribution(Shape):
    """A queue or a draw on somebody's way: it takes entries from `startsAt`.

    A queue is served until `settlesAt`; a draw takes place then, and its `details` say how far it has come (`drawStatus`).
    """

    type: Literal["queue", "draw"]
    id: UUID
    sequence_id: UUID
    lifecycle: Lifecycle
    paused: bool
    opens_at: datetime | None
    closes_at: datetime | None
    starts_at: datetime | None
    settles_at: datetime | None
    details: dict[str, Any]


class JourneyConsumer(Shape):
    """Where the person stands there."""

    status: Status | DrawStatus
    participation_id: UUID | None
    entered_at: datetime | None
    granted_at: datetime | None
    denied_reason: str | None
    position: int | None = None
    alternate_position: int | None = None


class JourneyGrant(Shape):
    """A live grant with its token."""

    token: str
    grant_id: UUID
    distribution_type: Literal["queue", "draw"]
    distribution_id: UUID
    sequence_id: UUID
    experience_id: UUID
    issued_at: datetime | None
    expires_at: datetime


class JourneyOutcome(Shape):
    """How it ended."""

    type: Literal["lost", "completed", "denied", "left", "expired", "closed"]
    reason: str | None
    at: datetime | None


class JourneyItem(Shape):
    """One thing that a page may show. `grant` is there in phase granted alone, `outcome` in phase ended alone."""

    phase: Literal["scheduled", "enterable", "participating", "settling", "granted", "ended"]
    mechanism: Literal["queue", "draw"]
    distribution: JourneyDistribution
    consumer: JourneyConsumer
    grant: JourneyGrant | None = None
    outcome: JourneyOutcome | None = None


class Journey(Shape):
    """The way through one experience: `ready` before the person entered anything, then `routed`."""

    experience_id: UUID
    sequence_id: UUID | None
    journey_stage: Literal["ready", "routed"]
    waitlist: None
    items: list[JourneyItem]
    state_version: int


class Projection(Linked):
    """Everything that a person takes part in. `stateVersion` grows with every change of it."""

    consumer: Person
    active: Active
    journeys: list[Journey]
    state_version: int
    server_time: datetime
    poll_after_seconds: int
