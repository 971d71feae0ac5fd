"""The state of a queue and of the people in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.distribution.state import Ended, Lifecycle, Pause, Scope, holds
from domain.fairness import CohortOrder, Frontier, cohort_order
from domain.queue.config import QueueConfig


class Status(StrEnum):
    """Where a participation stands."""

    QUEUED = "QUEUED"
    GRANTED = "GRANTED"
    COMPLETED = "COMPLETED"
    LEFT = "LEFT"
    DENIED = "DENIED"


LIVE = frozenset({Status.QUEUED, Status.GRANTED})


@dataclass(frozen=True, slots=True)
class Extension:
    """Grants that were given before `before` get longer by `seconds`: in the order in which they were given, in slices.

    `last_at` and `last_id` are when the last one that has got longer was given, and its participation; None: none has.
    """

    before: datetime
    seconds: int
    last_at: datetime | None = None
    last_id: UUID | None = None

    def awaits(self, entry: Entry) -> bool:
        """Whether this participation's grant is still to get longer."""
        given_at = entry.granted_at
        if entry.status is not Status.GRANTED or given_at is None or given_at >= self.before:
            return False
        return self.last_at is None or self.last_id is None or (given_at, entry.id) > (self.last_at, self.last_id)


class Line(NamedTuple):
    """The line itself: its log, its order, its counts and its pace. Fixed size, however many wait.

    A tuple, because every entry makes a new one: that costs a fifth of a new frozen object of as many fields.

    `heard_at` is when a gateway last had told of all whom it saw here, `heard_since` since when that has gone on unbroken.
    `tickets` counts every leaf of the log; a ticket is a leaf's index. `head` is the lowest rank still waiting and
    never falls; `head_stale` says that whoever stood there has gone and the next must be looked up. `credit` is in
    sixty-millionths of a grant (rate per minute times microseconds), exact. `inside` counts live grants, `admitted`
    grants live or completed.
    """

    tickets: int = 0
    frontier: Frontier = Frontier()
    opened_at: datetime | None = None
    cohort: int = 0
    tree_head: bytes = b""
    seed: bytes = b""
    revealed: bytes = b""
    head: int = 0
    head_stale: bool = False
    waiting: int = 0
    inside: int = 0
    admitted: int = 0
    completed: int = 0
    credit: int = 0
    credited_at: datetime | None = None
    lapse_at: datetime | None = None
    idle_at: datetime | None = None
    heard_at: datetime | None = None
    heard_since: datetime | None = None
    speed: float = 0.0
    speed_at: datetime | None = None
    speed_head: int = 0

    @property
    def order(self) -> CohortOrder:
        """The order of the cohort, recomputed from its seed and count."""
        return cohort_order(self.seed, self.cohort)

    def rank_of(self, ticket: int) -> int:
        """The rank of a ticket: drawn for the cohort, the ticket itself for whoever came later."""
        return self.order.rank_of(ticket) if ticket < self.cohort else ticket

    def ticket_at(self, rank: int) -> int:
        """The ticket that stands at a rank."""
        return self.order.ticket_at(rank) if rank < self.cohort else rank


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: settings, what was done to it, and its line. `published` and `allow_guests` are read from its owners."""

    tenant_id: UUID
    id: UUID
    organization_id: UUID
    experience_id: UUID
    sequence_id: UUID
    config: QueueConfig
    server_seed: bytes
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str | None = None
    version: int = 1
    archived: bool = False
    pause: Pause | None = None
    ended: Ended | None = None
    knock_at: datetime | None = None
    extensions: tuple[Extension, ...] = ()
    line: Line = field(default_factory=Line)
    published: bool = True
    allow_guests: bool = True

    def lifecycle(self, at: datetime) -> Lifecycle:
        """Where the queue stands at a moment; windows include openAt and exclude closeAt."""
        if self.ended is not None:
            return Lifecycle.CLOSED
        if not self.published or (self.config.open_at is not None and at < self.config.open_at):
            return Lifecycle.SCHEDULED
        if self.config.close_at is None or at < self.config.close_at:
            return Lifecycle.OPEN
        return Lifecycle.SETTLING if self.line.waiting or self.line.inside else Lifecycle.CLOSED

    def paused(self, scope: Scope) -> bool:
        """Whether a pause holds this back."""
        return holds(self.pause, scope)

    def ends_at(self, entry: Entry) -> datetime | None:
        """When a participation's grant ends, whether or not all that was promised has been added to it yet."""
        promised = sum(one.seconds for one in self.extensions if one.awaits(entry))
        return entry.expires_at and entry.expires_at + timedelta(seconds=promised)

    @property
    def clearing(self) -> bool:
        """Whether it was ended and people are still being turned away."""
        return self.ended is not None and bool(self.line.waiting or (self.ended.revoke_grants and self.line.inside))

    @property
    def most_promised(self) -> timedelta:
        """How much longer than it says any grant may still get."""
        return timedelta(seconds=sum(one.seconds for one in self.extensions))

    def with_line(self, **changes: object) -> Queue:
        """The same queue with a changed line."""
        return replace(self, line=self.line._replace(**changes))  # type: ignore[arg-type] # names are those of Line


@dataclass(frozen=True, slots=True)
class Entry:
    """One participation in a queue. `ticket` moves when it is requeued; `first_ticket` is the leaf it entered with."""

    tenant_id: UUID
    id: UUID
    queue_id: UUID
    consumer_id: UUID
    ticket: int
    first_ticket: int
    entered_at: datetime
    received_at: datetime
    status: Status = Status.QUEUED
    quantity: int = 1
    version: int = 1
    grant_id: UUID | None = None
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    first_validated_at: datetime | None = None
    validations: int = 0
    dequeued_at: datetime | None = None
    completed_at: datetime | None = None
    left_at: datetime | None = None
    denied_at: datetime | None = None
    reason: str | None = None
    order_id: str | None = None
    out_of_turn: bool = False
    requeues: int = 0
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Requeued:
    """A second leaf of a participation that went to the back of the line."""

    tenant_id: UUID
    queue_id: UUID
    ticket: int
    entry_id: UUID
    received_at: datetime
