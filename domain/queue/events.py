"""What can happen in a queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.decision import Event
from domain.distribution.events import EntryEvent


@dataclass(frozen=True, slots=True)
class Entered(EntryEvent):
    """A person joined the line."""

    type: ClassVar[str] = "queue.consumer.entered"
    news: ClassVar[bool] = False
    ticket: int
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class EnteredAgain(Entered):
    """A person who had left, or was served, joined the line once more: whoever keeps the last participation must read again."""

    news: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Granted(EntryEvent):
    """A person's turn came."""

    type: ClassVar[str] = "queue.consumer.granted"
    grant_id: UUID
    granted_at: datetime
    expires_at: datetime
    rank: int
    out_of_turn: bool


@dataclass(frozen=True, slots=True)
class Requeued(EntryEvent):
    """A person let a grant lapse and went to the back of the line."""

    type: ClassVar[str] = "queue.consumer.requeued"
    ticket: int
    requeued_at: datetime
    requeue_count: int


@dataclass(frozen=True, slots=True)
class Completed(EntryEvent):
    """A grant was used."""

    type: ClassVar[str] = "queue.consumer.completed"
    grant_id: UUID
    completed_at: datetime
    order_id: str
    order_amount: str | None = None
    currency_code: str | None = None


@dataclass(frozen=True, slots=True)
class Left(EntryEvent):
    """A person left the line or gave a grant back."""

    type: ClassVar[str] = "queue.consumer.left"
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Denied(EntryEvent):
    """A person was refused for good."""

    type: ClassVar[str] = "queue.consumer.denied"
    denied_at: datetime
    reason: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Validated(EntryEvent):
    """A grant was asked about."""

    type: ClassVar[str] = "queue.grant.validated"
    grant_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Extended(EntryEvent):
    """A live grant got a later end under the same id."""

    type: ClassVar[str] = "queue.grant.extended"
    grant_id: UUID | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderFixed(Event):
    """The order of those who came before the opening was drawn."""

    type: ClassVar[str] = "queue.order.fixed"
    fixed_at: datetime
    cohort_size: int
    tree_head: str
    seed: str


@dataclass(frozen=True, slots=True)
class QueueChanged(Event):
    """An organization changed the queue: created, updated, archived, paused, resumed or killed."""

    type: ClassVar[str] = "distribution.changed"
    change: str
    at: datetime
    reason: str | None = None
    fields: tuple[str, ...] | None = None
