"""A queue as the gateway knows it: one snapshot, and every participation that was asked for and has not changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api_gateway.live.snapshot import Snapshot
from domain.distribution.state import Lifecycle
from domain.fairness import cohort_order
from domain.queue.config import QueueConfig

_ENTERED: Final = b'"participationId":"'
_ENTRY_ID: Final = slice(len(_ENTERED), len(_ENTERED) + 36)


@dataclass(slots=True)
class Standing:
    """One person's participation, as cached: what depends on the line is added when somebody looks.

    `rank` is the place in the order that the opening fixed, worked out at the first look after it; below zero before.
    `gone` says that the line holds it no longer: something newer is known, or must be asked for. `facts` are the members
    of the state that are this person's own, beginning with the ids of participation and consumer, `common` those that
    many have alike: both JSON without braces. Every byte of a standing is there a hundred thousand times.
    """

    ticket: int
    status: str
    version: int
    grant_id: UUID | None
    expires_at: datetime | None
    facts: bytes
    common: bytes
    as_of: int
    token: bytes = b""
    rank: int = -1
    gone: bool = False

    @property
    def entry_id(self) -> UUID | None:
        """The participation; None when this person never entered. Read from the facts, to be kept once."""
        return UUID(self.facts[_ENTRY_ID].decode()) if self.entered else None

    @property
    def entered(self) -> bool:
        """Whether this person has a participation."""
        return self.facts.startswith(_ENTERED)


@dataclass(slots=True)
class Line(Snapshot[Standing]):
    """The snapshot of a queue. `head` never falls, whatever order answers come in."""

    kind = "queue"

    organization_id: UUID | None = None
    config: QueueConfig | None = None
    ended_at: datetime | None = None
    pause: dict[str, Any] | None = None
    opened: bool = False
    cohort: int = 0
    seed: bytes = b""
    head: int = 0
    speed: float = 0.0
    settling: bool = False
    shared: bytes = b""
    seen: set[UUID] = field(default_factory=set)
    tails: dict[str, bytes] = field(default_factory=dict)
    tails_from: float = 0.0

    @property
    def queue_id(self) -> UUID:
        """The queue."""
        return self.own_id

    @property
    def paused(self) -> bool:
        """Whether something holds it back."""
        return self.pause is not None

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """When it opens and closes."""
        return (self.config.open_at, self.config.close_at) if self.config else (None, None)

    def saw(self, standing: Standing) -> None:
        """Somebody who waits looked: in a queue with an idle timeout that keeps the place."""
        watched = self.config is not None and self.config.idle_timeout_seconds is not None
        entry_id = standing.entry_id if watched and standing.status == "QUEUED" else None
        if entry_id is not None:
            self.seen.add(entry_id)

    def take(self, row: dict[str, Any]) -> None:
        """Take over what is a queue's own."""
        self.organization_id, self.experience_id, self.sequence_id = (
            row["organization_id"],
            row["experience_id"],
            row["sequence_id"],
        )
        self.config = QueueConfig.stored(row["config"])
        self.visible = row["published"] and not row["archived"]
        self.ended_at = row["ended"] and datetime.fromisoformat(row["ended"]["at"])
        self.pause, self.opened = row["pause"], row["opened_at"] is not None
        self.cohort, self.seed, self.speed = row["cohort"], bytes(row["seed"]), row["speed"]
        self.head = max(self.head, row["head"])
        self.settling = bool(row["waiting"] or row["inside"])
        self.tails.clear()

    def position(self, standing: Standing) -> int | None:
        """Position 1 is next; None before the opening."""
        if not self.opened:
            return None
        if standing.rank < 0:
            ticket = standing.ticket
            standing.rank = cohort_order(self.seed, self.cohort).rank_of(ticket) if ticket < self.cohort else ticket
        return max(1, standing.rank - self.head + 1)

    def lifecycle(self, now: datetime) -> Lifecycle:
        """Where the queue stands."""
        config = self.config
        if self.ended_at is not None or config is None:
            return Lifecycle.CLOSED
        if config.open_at is not None and now < config.open_at:
            return Lifecycle.SCHEDULED
        if config.close_at is None or now < config.close_at:
            return Lifecycle.OPEN
        return Lifecycle.SETTLING if self.settling else Lifecycle.CLOSED

    def turned_away(self, now: datetime) -> datetime | None:
        """Since when those who wait wait in vain: the queue was killed, or its service is over."""
        closes = self.config.service_close_at if self.config else None
        return self.ended_at or (closes if closes is not None and now >= closes else None)
