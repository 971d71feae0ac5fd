"""Queues and participations as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api_gateway.shapes.common import Linked, Receipt, Shape
from domain.distribution.order import OrderDetails
from domain.distribution.state import Scope
from domain.settings import Settings, Text
from domain.values import Moment

Lifecycle = Literal["scheduled", "open", "settling", "closed"]
Status = Literal["NOT_QUEUED", "QUEUED", "GRANTED", "COMPLETED", "LEFT", "DENIED"]
Reason = Literal[
    "ADMIN_ACTION", "BOT_DETECTED", "FRAUD_DETECTED", "VALIDATION_FAILED", "VALIDATION_LIMIT_REACHED",
    "ORDER_LIMIT_EXCEEDED", "AUDIENCE_MISMATCH", "QUEUE_CLOSED", "ADMISSION_EXPIRED",
]  # fmt: skip
Id = Annotated[UUID, Field(strict=False)]
OrderId = Annotated[Text, StringConstraints(min_length=1, max_length=255)]
Note = Annotated[Text, StringConstraints(max_length=500)]
Cause = Annotated[Text, StringConstraints(min_length=1, max_length=500)]
Grant = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class PublicQueue(Linked):
    """A queue as visitors see it."""

    id: UUID
    type: Literal["queue"]
    experience_id: UUID
    sequence_id: UUID
    name: str
    lifecycle: Lifecycle
    paused: bool
    pause_scope: Scope | None
    resume_at: datetime | None
    entry_open_at: datetime | None
    open_at: datetime | None
    close_at: datetime | None
    service_close_at: datetime | None
    time_zone: str | None
    supports_guest: bool
    admission_expiration_seconds: int
    completion_grace_seconds: int
    max_quantity_per_consumer: int
    max_completions_per_consumer: int
    position_display_mode: Literal["precise", "qualitative"]
    order_fixed_at: datetime | None
    cohort_size: int | None
    version: int


class By(Shape):
    """Who did something: a key of the organization, the person, or the system by itself."""

    type: Literal["key", "consumer", "system"]
    id: UUID


class KeptQueue(PublicQueue):
    """A queue as its organization sees it, with its counts."""

    organization_id: UUID
    mode: Literal["live", "test"]
    archived: bool
    status_override: Literal["paused", "ended"] | None
    status_override_by: By | None
    status_override_reason: str | None
    teardown_status: Literal["pending", "completed"] | None
    admit_rate: int
    batch_interval_seconds: int
    admit_burst: int | None
    capacity: int | None
    max_admissions: int | None
    max_active_grants: int | None
    waiting_count: int
    active_grants: int
    admitted_count: int
    completed_count: int
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    updated_by: By | None


class OrderLine(Shape):
    """So many units of a product."""

    product_id: UUID
    variant_id: UUID | None
    quantity: int


class Order(Shape):
    """What the shop said of the order: the amount with all digits of its currency."""

    order_amount: str | None
    currency_code: str | None
    items: list[OrderLine]
    metadata: dict[str, str]


class Participation(Linked):
    """A participation as the organization sees it."""

    participation_id: UUID
    distribution_id: UUID
    distribution_type: Literal["queue"]
    consumer_id: UUID
    status: Status
    ticket: int
    rank: int | None = None
    quantity: int
    entered_at: datetime
    received_at: datetime | None = None
    granted_at: datetime | None
    expires_at: datetime | None
    dequeued_at: datetime | None
    completed_at: datetime | None
    left_at: datetime | None
    denied_at: datetime | None
    grant_id: UUID | None
    reason: str | None
    order_id: str | None
    order: Order | None = None
    out_of_turn: bool
    requeue_count: int
    state_version: int


class Happened(Shape):
    """One step of a participation, the first being that it was entered. `actor` is null where it was not kept."""

    at: datetime
    before: str = Field(alias="from")
    event: str
    to: str
    actor: By | None


class ParticipationHistory(Participation):
    """A participation with everything that happened to it."""

    history: list[Happened]


class State(Linked):
    """Where one person stands in a queue."""

    participation_id: UUID | None
    consumer_id: UUID
    status: Status
    state_version: int
    server_time: datetime
    poll_after_seconds: int
    position: int | None = None
    estimated_wait_time_in_seconds: int | None = None
    pre_open: bool | None = None
    admission_grant: str | None = None
    grant_id: UUID | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    receipt: Receipt | None = Field(None, description="Once, in the answer to the call that entered.")


class StreamTicket(Shape):
    """A ticket that opens one event stream."""

    ticket: str
    expires_at: datetime


class Verdict(Shape):
    """Whether a grant is good now; when it is not, `code` says why."""

    valid: bool
    code: str | None = None
    reason: str | None = None
    grant: dict[str, Any] | None = None
    expires_at: datetime | None = None


class PauseBody(Settings):
    """What to hold back: grants (SERVICE), entries (ENTRY) or both (ALL); `resumeAt` goes on by itself."""

    scope: Annotated[Scope, Field(strict=False)] = Scope.SERVICE
    reason: Cause | None = None
    resume_at: Moment | None = None


class ResumeBody(Settings):
    """`shiftSchedule` moves the remaining times by the length of the pause; live grants may be made to last longer."""

    shift_schedule: bool = False
    extend_grants_seconds: int = Field(0, ge=0, le=86_400)


class KillBody(Settings):
    """Why it ends, and whether live grants end with it."""

    reason: Cause
    revoke_grants: bool = False


class AdmitBody(Settings):
    """Whom to let in now."""

    consumer_id: Id
    note: Note | None = None


class DenyBody(Settings):
    """Whom to refuse, and why."""

    consumer_id: Id
    reason: Reason
    note: Note | None = None


class ValidateBody(Settings):
    """A grant to be looked at, as its holder presented it."""

    admission_grant: Grant
    consumer_id: Id | None = None


class ValidateAnyBody(ValidateBody):
    """A grant to be looked at, of any distribution unless one is named."""

    distribution_id: Id | None = None


class OrderBody(OrderDetails):
    """The order that uses a grant up."""

    order_id: OrderId

    @property
    def details(self) -> OrderDetails:
        """What is said of the order besides its id."""
        return OrderDetails.model_construct(**{name: getattr(self, name) for name in OrderDetails.model_fields})


class CompleteAnyBody(OrderBody):
    """A grant to be used up by an order."""

    admission_grant: Grant


class CompleteBody(OrderBody):
    """A grant to be used up by an order: the grant itself, or whoever holds it."""

    admission_grant: Grant | None = None
    consumer_id: Id | None = None
