"""A distribution as a gateway knows it, whatever its kind: what was pulled of it last, and the people who were asked for."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from domain.distribution.state import Lifecycle
from domain.times import iso

FRESH_SECONDS = 2.0


class Standing(Protocol):
    """One person's participation, as cached. `gone`: it is held no longer; `as_of` is the journal seq it was read at."""

    gone: bool
    as_of: int

    @property
    def entered(self) -> bool:
        """Whether this person has a participation."""


Held = TypeVar("Held", bound=Standing)


@dataclass(slots=True)
class Snapshot(ABC, Generic[Held]):
    """A distribution as of the journal's `seq`, which grows with every change, and of the ledger's moment `as_of`.

    `people` are the participations that were asked for and have not changed since, `reading` those that are being read now.
    """

    kind: ClassVar[str]

    tenant_id: UUID
    own_id: UUID
    seq: int = -1
    as_of: datetime | None = None
    known: bool = False
    visible: bool = False
    experience_id: UUID | None = None
    sequence_id: UUID | None = None
    pulled_at: float = float("-inf")
    asked_at: float = float("-inf")
    people: dict[int, Held] = field(default_factory=dict)
    reading: dict[int, object] = field(default_factory=dict)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = ""

    def __post_init__(self) -> None:
        self.name = str(self.own_id)

    def fresh(self, now: float) -> bool:
        """Whether the snapshot is of the last two seconds, at a monotonic moment."""
        return self.known and now - self.pulled_at < FRESH_SECONDS

    def outdate(self) -> None:
        """Let whoever asks next have it pulled anew: something was decided of a newer one than this may be."""
        self.pulled_at = float("-inf")

    def pulled(self, row: dict[str, Any], at: float) -> None:
        """Take over a newer snapshot; forget the people who changed, and wake whoever waits for one."""
        self.take(row)
        self.known, self.pulled_at, self.seq, self.as_of = True, at, row["seq"], row["now"]
        for consumer_id in row["changed"]:
            self.forget(consumer_id)
        self.moved.set()
        self.moved = asyncio.Event()

    @abstractmethod
    def take(self, row: dict[str, Any]) -> None:
        """Take over what is this kind's own."""

    def held(self, consumer_id: UUID) -> Held | None:
        """What is held of this person. By the number of the id, which takes half the room of the id."""
        return self.people.get(consumer_id.int)

    def keep(self, consumer_id: UUID, standing: Held) -> None:
        """Hold a participation, in place of what was held of this person."""
        self.forget(consumer_id)
        self.people[consumer_id.int] = standing

    def forget(self, consumer_id: UUID) -> None:
        """Hold nothing of this person, nor what is being read now: it may be older than what made it forgotten."""
        self.reading.pop(consumer_id.int, None)
        held = self.people.pop(consumer_id.int, None)
        if held is not None:
            held.gone = True

    def forget_all(self) -> None:
        """Hold nothing of anybody."""
        self.reading.clear()
        for held in self.people.values():
            held.gone = True
        self.people.clear()

    async def next_pull(self, patience: float) -> None:
        """Wait until a newer snapshot was taken, or patience (seconds) ends."""
        try:
            async with asyncio.timeout(max(0.0, patience)):
                await self.moved.wait()
        except TimeoutError:
            return

    @property
    @abstractmethod
    def paused(self) -> bool:
        """Whether something holds it back."""

    @property
    @abstractmethod
    def window(self) -> tuple[datetime | None, datetime | None]:
        """When it opens and closes."""

    @abstractmethod
    def lifecycle(self, now: datetime) -> Lifecycle:
        """Where it stands."""

    def distribution(self, now: datetime) -> dict[str, Any]:
        """What is told of a distribution that opened, closed, was paused or goes on."""
        opens, closes = self.window
        return {
            "type": self.kind, "id": self.own_id, "lifecycle": self.lifecycle(now).value, "paused": self.paused,
            "opensAt": iso(opens), "closesAt": iso(closes),
        }  # fmt: skip
