"""What can happen in a draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.decision import Event
from domain.distribution.events import EntryEvent


@dataclass(frozen=True, slots=True)
class Entered(EntryEvent):
    """A person takes part."""

    type: ClassVar[str] = "draw.consumer.entered"
    news: ClassVar[bool] = False
    entrant_number: int
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class EnteredAgain(Entered):
    """A person who had left takes part once more."""

    news: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Won(EntryEvent):
    """A person was drawn, at once or as an alternate."""

    type: ClassVar[str] = "draw.consumer.won"
    grant_id: UUID
    won_at: datetime
    expires_at: datetime
    rank: int | None
    promoted: bool
    prize: str | None = None


@dataclass(frozen=True, slots=True)
class Requeued(EntryEvent):
    """A person let a win lapse and waits behind the last alternate."""

    type: ClassVar[str] = "draw.consumer.requeued"
    requeued_at: datetime
    requeue_count: int


@dataclass(frozen=True, slots=True)
class Completed(EntryEvent):
    """A grant was used."""

    type: ClassVar[str] = "draw.consumer.completed"
    grant_id: UUID
    completed_at: datetime
    order_id: str
    order_amount: str | None = None
    currency_code: str | None = None
    prize: str | None = None


@dataclass(frozen=True, slots=True)
class Left(EntryEvent):
    """A person takes part no more, or gave a win back."""

    type: ClassVar[str] = "draw.consumer.left"
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Denied(EntryEvent):
    """A person was refused for good, or let a win lapse."""

    type: ClassVar[str] = "draw.consumer.denied"
    denied_at: datetime
    reason: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Validated(EntryEvent):
    """A grant was asked about."""

    type: ClassVar[str] = "draw.grant.validated"
    grant_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Sealed(Event):
    """Entering ended: the entries are frozen."""

    type: ClassVar[str] = "draw.sealed"
    sealed_at: datetime
    total_entrants: int
    tree_head: str
    beacon_round: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """The draw is due and waits for something."""

    type: ClassVar[str] = "draw.waiting"
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class BeaconGiven(Event):
    """The round of the public beacon is there, and verified."""

    type: ClassVar[str] = "draw.beacon.given"
    at: datetime
    round: int
    randomness: str


@dataclass(frozen=True, slots=True)
class Drawn(Event):
    """The seed was revealed: from now on everything follows from the order."""

    type: ClassVar[str] = "draw.drawn"
    drawn_at: datetime
    seed: str


@dataclass(frozen=True, slots=True)
class Selected(Event):
    """The first winners are all named."""

    type: ClassVar[str] = "draw.selected"
    at: datetime
    winners_selected: int
    places: int


@dataclass(frozen=True, slots=True)
class DrawCompleted(Event):
    """Nobody else can win."""

    type: ClassVar[str] = "draw.completed"
    completed_at: datetime
    completed_count: int


@dataclass(frozen=True, slots=True)
class DrawChanged(Event):
    """An organization changed the draw: created, updated, archived, paused, resumed or killed."""

    type: ClassVar[str] = "distribution.changed"
    change: str
    at: datetime
    reason: str | None = None
    fields: tuple[str, ...] | None = None
