"""Draws and participations in them as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api_gateway.shapes.common import Linked, Receipt
from api_gateway.shapes.queues import By, Happened, Id, Lifecycle, Note, Order
from domain.distribution.state import Scope
from domain.draw.commands import Round, Signature
from domain.draw.config import Prize, SaidBy
from domain.fairness.prizes import MAX_PRIZES, PrizeName
from domain.settings import Settings, Text

DrawStatus = Literal["pending", "sealed", "drawn", "completed", "void"]
Status = Literal["NOT_ENTERED", "ENTERED", "WON", "COMPLETED", "LEFT", "DENIED"]
Reason = Literal[
    "ADMIN_ACTION", "BOT_DETECTED", "FRAUD_DETECTED", "VALIDATION_FAILED", "VALIDATION_LIMIT_REACHED",
    "ORDER_LIMIT_EXCEEDED", "AUDIENCE_MISMATCH", "DRAW_CLOSED", "ADMISSION_EXPIRED",
]  # fmt: skip


class EnterDrawBody(Settings):
    """What may be said on entering.

    `duplicateKey` is anything that only one entry may have, such as a household: of those that say the same, the order
    decides which one counts. It is kept as a keyed hash.
    """

    quantity: int = Field(1, ge=1, le=1000, description="Units wanted in one grant.")
    tickets: int = Field(
        1, ge=1, le=1000,
        description="Tickets of the entry, up to maxTicketsPerEntry. An entrant says 1 unless ticketsBy is entrant.",
    )  # fmt: skip
    people: int = Field(1, ge=1, le=100, description="Places that are won or lost as a whole, up to maxPeoplePerEntry.")
    duplicate_key: Annotated[Text, StringConstraints(min_length=1, max_length=200)] | None = None
    preferences: Annotated[list[PrizeName], Field(min_length=1, max_length=MAX_PRIZES)] | None = Field(
        None,
        description="Names of prizes of the draw, best first; required where it has prizes, and only there.",
        examples=[["stalls", "balcony"]],
    )


class EnterPersonBody(EnterDrawBody):
    """Whom to enter, and what the entry is worth: here the organization says it, whatever an entrant may say."""

    consumer_id: Id


class LeaveDrawBody(Settings):
    """Nothing is said on leaving."""


class PublicDraw(Linked):
    """A draw as visitors see it. How many take part is public once entering has ended."""

    id: UUID
    type: Literal["draw"]
    experience_id: UUID
    sequence_id: UUID
    name: str
    lifecycle: Lifecycle
    draw_status: DrawStatus
    paused: bool
    pause_scope: Scope | None
    resume_at: datetime | None
    open_at: datetime | None
    close_at: datetime
    draw_at: datetime
    claim_close_at: datetime
    time_zone: str | None
    supports_guest: bool
    winner_count: int
    prizes: list[Prize] | None
    alternate_count: int | None
    continue_selecting_until_completed: bool
    on_expiry: Literal["deny", "requeue"]
    requeue_limit: int
    max_tickets_per_entry: int
    max_people_per_entry: int
    tickets_by: SaidBy
    entries_by: SaidBy
    max_quantity_per_consumer: int
    admission_expiration_seconds: int
    completion_grace_seconds: int
    replaces_draw_id: UUID | None
    randomness: Literal["commit_reveal", "beacon"]
    beacon_round: int | None
    sealed_at: datetime | None
    drawn_at: datetime | None
    completed_at: datetime | None
    entrant_count: int | None
    version: int


class KeptDraw(PublicDraw):
    """A draw as its organization sees it, with its counts. `waitingFor` says why a draw that is due is not drawn yet."""

    organization_id: UUID
    mode: Literal["live", "test"]
    archived: bool
    status_override: Literal["paused", "ended"] | None
    status_override_by: By | None
    status_override_reason: str | None
    teardown_status: Literal["pending", "completed"] | None
    waiting_for: str | None
    capacity: int | None
    entered_count: int
    winners_selected: int
    active_grants: int
    completed_count: int
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    updated_by: By | None


class Entrant(Linked):
    """A participation in a draw as the organization sees it."""

    participation_id: UUID
    distribution_id: UUID
    distribution_type: Literal["draw"]
    consumer_id: UUID
    status: Status
    entrant_number: int
    tickets: int
    people: int
    rank: int | None
    alternate_position: int | None = None
    promoted: bool
    preferences: list[str] | None
    prize: str | None
    quantity: int
    entered_at: datetime
    received_at: datetime | None = None
    won_at: datetime | None
    expires_at: datetime | None
    completed_at: datetime | None
    left_at: datetime | None
    denied_at: datetime | None
    grant_id: UUID | None
    reason: str | None
    order_id: str | None
    order: Order | None = None
    requeue_count: int
    state_version: int


class NewEntrant(Entrant):
    """A participation as it is told to the server that entered the person."""

    receipt: Receipt | None = Field(None, description="Once, in the answer to the call that entered: pass it on.")


class EntrantHistory(Entrant):
    """A participation with everything that happened to it."""

    history: list[Happened]


class DrawState(Linked):
    """Where one person stands in a draw."""

    participation_id: UUID | None
    consumer_id: UUID
    status: Status
    state_version: int
    server_time: datetime
    poll_after_seconds: int
    entrant_number: int | None = None
    tickets: int | None = None
    people: int | None = None
    preferences: list[str] | None = None
    prize: str | None = None
    rank: int | None = None
    alternate_position: int | None = Field(
        None, description="1 is the next to be promoted; never told where there are prizes."
    )
    admission_grant: str | None = None
    grant_id: UUID | None = None
    won_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    receipt: Receipt | None = Field(None, description="Once, in the answer to the call that entered.")


class ResumeDrawBody(Settings):
    """`shiftSchedule` moves the remaining times by the length of the pause."""

    shift_schedule: bool = False


class BeaconBody(Settings):
    """The round of the public beacon that a draw has fixed, as a relay of drand's quicknet gives it."""

    round: Round
    signature: Signature


class DenyEntrantBody(Settings):
    """Whom to refuse, and why."""

    consumer_id: Id
    reason: Reason
    note: Note | None = None
