"""The state of a draw and of the people in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from domain.distribution.order import Completion
from domain.distribution.state import Ended, Lifecycle, Pause, Scope, holds
from domain.draw.config import DrawConfig
from domain.fairness import Frontier
from domain.fairness.draws import UNNAMED, Lot
from domain.fairness.record.bodies import AnyRecordBody


class Status(StrEnum):
    """Where a participation stands. Of those who did not win, most stay ENTERED: what became of them follows from the order."""

    ENTERED = "ENTERED"
    WON = "WON"
    COMPLETED = "COMPLETED"
    LEFT = "LEFT"
    DENIED = "DENIED"


INSIDE = frozenset({Status.ENTERED, Status.WON})


class DrawStatus(StrEnum):
    """How far a draw has come."""

    PENDING = "pending"
    SEALED = "sealed"
    DRAWN = "drawn"
    COMPLETED = "completed"
    VOID = "void"


class PrizeLot(NamedTuple):
    """The places of a prize that are taken, and how far its turns were followed."""

    taken: int = 0
    reached: int = 0


class Pool(NamedTuple):
    """Who takes part, what was drawn, and how far the selection has come. Fixed size, however many take part.

    Entries are numbered from 0 in ledger order; `entries` and `tickets` count them, `frontier` is the log of all leaves,
    `entered` counts who is in now. `sealed_at` to `tree_head` are of the freeze, `drawn_at` to `revealed` of the draw.
    `ranked` entries have a rank, of which `ranked_tickets` were looked at in `slices` slices; `ordered` of `buckets` are in
    order. Ranks below `reached` had their turn; `last` is where alternates end, None until the first winners are all named.
    `taken` counts places of winners, `inside` live grants, `completed` those that were used. `stuck`: nobody who is left
    fits into what is free. `steps` counts the lines of the log after the freeze, `step_head` is the hash of the last one.

    Where there are prizes, `lots` has of each the places that are taken, and the turn below which all had theirs; `reached` is
    not used then. `last` is where turns end.

    `beacon_round` is the round of the public beacon that was fixed; its randomness and signature are there once somebody
    has brought them. `waiting_for` is what a draw that is due waits for.
    """

    entries: int = 0
    tickets: int = 0
    frontier: Frontier = Frontier()
    entered: int = 0
    sealed_at: datetime | None = None
    frozen: int = 0
    log_size: int = 0
    tree_head: bytes = b""
    drawn_at: datetime | None = None
    seed: bytes = b""
    revealed: bytes = b""
    ranked: int = 0
    ranked_tickets: int = 0
    slices: int = 0
    buckets: int = 0
    ordered: int = 0
    placed: int = 0
    reached: int = 0
    last: int | None = None
    taken: int = 0
    winners: int = 0
    inside: int = 0
    completed: int = 0
    stuck: bool = False
    behind: int = 0
    completed_at: datetime | None = None
    lapse_at: datetime | None = None
    steps: int = 0
    step_head: bytes = b""
    beacon_round: int | None = None
    beacon_randomness: bytes | None = None
    beacon_signature: bytes | None = None
    waiting_for: str | None = None
    lots: tuple[PrizeLot, ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw: settings, what was done to it, and its pool. `published` and `allow_guests` are read from its owners."""

    tenant_id: UUID
    id: UUID
    organization_id: UUID
    experience_id: UUID
    sequence_id: UUID
    config: DrawConfig
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
    pool: Pool = field(default_factory=Pool)
    published: bool = True
    allow_guests: bool = True

    @property
    def status(self) -> DrawStatus:
        """How far it has come."""
        pool = self.pool
        if self.ended is not None:
            return DrawStatus.VOID
        if pool.completed_at is not None:
            return DrawStatus.COMPLETED
        if pool.drawn_at is not None:
            return DrawStatus.DRAWN
        return DrawStatus.SEALED if pool.sealed_at is not None else DrawStatus.PENDING

    def lifecycle(self, at: datetime) -> Lifecycle:
        """Where the draw stands at a moment; windows include openAt and exclude closeAt."""
        if self.ended is not None:
            return Lifecycle.CLOSED
        if not self.published or (self.config.open_at is not None and at < self.config.open_at):
            return Lifecycle.SCHEDULED
        if self.pool.sealed_at is None and at < self.config.closes_at:
            return Lifecycle.OPEN
        over = self.pool.completed_at is not None and not self.pool.inside
        return Lifecycle.CLOSED if over else Lifecycle.SETTLING

    def paused(self, scope: Scope) -> bool:
        """Whether a pause holds this back."""
        return holds(self.pause, scope)

    @property
    def selecting(self) -> bool:
        """Whether the first winners are being named: until then nobody leaves, lapses or is refused."""
        return self.pool.drawn_at is not None and self.pool.last is None and self.ended is None

    @property
    def free(self) -> int:
        """Places that nobody has."""
        return self.config.winner_count - self.pool.taken

    @property
    def lots(self) -> dict[str, Lot]:
        """The free places of each prize, and how far its turns were followed; without prizes those of the unnamed one."""
        config, pool = self.config, self.pool
        if config.prizes is None:
            return {UNNAMED: Lot(self.free, pool.reached)}
        lots = pool.lots or (PrizeLot(),) * len(config.prizes)
        return {
            prize.name: Lot(prize.places - lot.taken, lot.reached)
            for prize, lot in zip(config.prizes, lots, strict=True)
        }

    def with_lot(self, prize: str, lot: Lot) -> Draw:
        """The same draw with other places of a prize, or reached further by it."""
        if self.config.prizes is None:
            return self.with_pool(taken=self.config.winner_count - lot.free, reached=lot.reached)
        lots, places = self.lots | {prize: lot}, self.config.places
        kept = tuple(PrizeLot(places[name] - one.free, one.reached) for name, one in lots.items())
        return self.with_pool(taken=sum(one.taken for one in kept), lots=kept)

    @property
    def clearing(self) -> bool:
        """Whether it was ended and grants are still being taken back."""
        return self.ended is not None and self.ended.revoke_grants and self.pool.inside > 0

    def with_pool(self, **changes: object) -> Draw:
        """The same draw with a changed pool."""
        return replace(self, pool=self.pool._replace(**changes))  # type: ignore[arg-type] # names are those of Pool


@dataclass(frozen=True, slots=True)
class Entry:
    """One participation in a draw.

    `number` counts entries in ledger order, `leaf` the leaves of the log; its tickets are `first_ticket` and the following.
    It takes a place for each of `people`. `absent`: it was gone before the order was drawn; `out_leaf` is the leaf that says
    so, where that was before the freeze. `preferences` are prizes, best first. `rank` is where it stood when it won, `prize`
    what it won, where there are prizes; `behind` is its place among those who wait behind the order.
    """

    tenant_id: UUID
    id: UUID
    draw_id: UUID
    consumer_id: UUID
    number: int
    leaf: int
    first_ticket: int
    tickets: int
    people: int
    entered_at: datetime
    received_at: datetime
    status: Status = Status.ENTERED
    quantity: int = 1
    version: int = 1
    duplicate_key: bytes | None = None
    absent: bool = False
    out_leaf: int | None = None
    out_at: datetime | None = None
    rank: int | None = None
    promoted: bool = False
    behind: int | None = None
    grant_id: UUID | None = None
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    first_validated_at: datetime | None = None
    validations: int = 0
    completed_at: datetime | None = None
    left_at: datetime | None = None
    denied_at: datetime | None = None
    reason: str | None = None
    order_id: str | None = None
    requeues: int = 0
    preferences: tuple[str, ...] | None = None
    prize: str | None = None

    @property
    def wishes(self) -> tuple[str, ...]:
        """The prizes that it may win, best first; without prizes the unnamed one."""
        return self.preferences or (UNNAMED,)


@dataclass(frozen=True, slots=True)
class Passed:
    """A group that was passed over for a prize because it did not fit; `open` until it wins or is gone.

    `round` counts the preferences, from 0.
    """

    tenant_id: UUID
    draw_id: UUID
    rank: int
    entry_id: UUID
    people: int
    open: bool = True
    prize: str = UNNAMED
    round: int = 0


@dataclass(frozen=True, slots=True)
class Counting:
    """The entry that counts of those with one duplicate key: the first of them in the order."""

    tenant_id: UUID
    draw_id: UUID
    duplicate_key: bytes
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """A line of the log after the freeze, as it is published; `facts` is the whole line."""

    tenant_id: UUID
    draw_id: UUID
    n: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A line of the log of all draws of the organization, before it has its place there."""

    tenant_id: UUID
    draw_id: UUID
    at: datetime
    body: AnyRecordBody


@dataclass(frozen=True, slots=True)
class DrawCompletion(Completion):
    """The order of a completed win."""
