"""What the facts are judged by: the people's own stories, and the server's lists, counts and proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from cli.crowd.forger import Attempt
from cli.crowd.launch import Launch, moment
from cli.crowd.shop import OfflineCheck
from cli.crowd.story import Story
from cli.crowd.tally import Tally
from domain.fairness.order import cohort_order


@dataclass(frozen=True, slots=True)
class Fact:
    """One promise, whether it was kept, and the figures or the first counterexample."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Place:
    """One participation as the Admin API lists it."""

    participation_id: str
    consumer_id: str
    status: str
    reason: str
    ticket: int
    requeues: int
    out_of_turn: bool
    granted: datetime | None
    dequeued: datetime | None
    completed: datetime | None
    left: datetime | None
    denied: datetime | None

    @property
    def ended(self) -> datetime | None:
        """When the grant ended, for a place that had one: used, given back, taken away or lapsed."""
        return self.completed or self.left or self.denied


def places(entries: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Reads the entries of a queue."""
    return [
        Place(
            participation_id=entry["participationId"],
            consumer_id=entry["consumerId"],
            status=entry["status"],
            reason=entry.get("reason") or "",
            ticket=entry["ticket"],
            requeues=entry.get("requeueCount") or 0,
            out_of_turn=bool(entry.get("outOfTurn")),
            granted=moment(entry.get("grantedAt")),
            dequeued=moment(entry.get("dequeuedAt")),
            completed=moment(entry.get("completedAt")),
            left=moment(entry.get("leftAt")),
            denied=moment(entry.get("deniedAt")),
        )
        for entry in entries
    ]


@dataclass(frozen=True)
class Evidence:
    """Everything known after a run. `queue` is the Admin API's queue object, `proof` and `lines` are as published."""

    launch: Launch
    stories: Sequence[Story]
    places: Sequence[Place]
    queue: Mapping[str, Any]
    proof: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    tally: Tally
    attempts: Sequence[Attempt]
    offline: OfflineCheck

    @cached_property
    def by_id(self) -> dict[str, Place]:
        """Places by participation."""
        return {place.participation_id: place for place in self.places}

    @cached_property
    def rank_of(self) -> Callable[[int], int]:
        """The rank of a ticket, recomputed from the published seed; whoever came after the opening follows in turn."""
        seed, count = self.proof.get("seed"), self.proof.get("count")
        if not seed or not count:
            return lambda ticket: ticket
        order = cohort_order(bytes.fromhex(seed), count)
        return lambda ticket: order.rank_of(ticket) if ticket < count else ticket

    def counted(self, *statuses: str) -> int:
        """How many places have one of these statuses."""
        return sum(1 for place in self.places if place.status in statuses)


def fact(name: str, faults: Sequence[str], detail: str) -> Fact:
    """A fact that holds when there are no faults; else the detail names the first of them."""
    if not faults:
        return Fact(name, holds=True, detail=detail)
    others = f" ({len(faults)} in all)" if len(faults) > 1 else ""
    return Fact(name, holds=False, detail=f"{faults[0]}{others}")
