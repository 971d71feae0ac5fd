"""What can be asked of a draw."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Base64Bytes, Field, StringConstraints

from domain.command import Command
from domain.distribution.order import OrderDetails
from domain.distribution.state import Scope
from domain.draw.config import DrawConfig
from domain.fairness.commitment import MAX_SAFE_INTEGER
from domain.guest import NewGuest
from domain.ids import SameId

Round = Annotated[int, Field(ge=1, le=MAX_SAFE_INTEGER, description="A round of the beacon.")]
Signature = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-fA-F]{96}$", to_lower=True),
    Field(description="The beacon's signature of the round: 48 bytes as 96 hex digits.", examples=["b7" * 48]),
]


class DrawCommand(Command):
    """A command that changes one draw."""

    topic: ClassVar[str] = "draw"
    draw_id: SameId

    @property
    def aggregate_id(self) -> UUID:
        """The draw."""
        return self.draw_id


class CreateDraw(DrawCommand):
    """Make a draw under a sequence; its id is the draw's id, its secret seed the worker's."""

    type: ClassVar[str] = "draw.create"
    sequence_id: UUID
    config: DrawConfig


class UpdateDraw(DrawCommand):
    """Merge (or, with `replace`, put) settings. `changes` holds the members that were sent, by their wire names."""

    type: ClassVar[str] = "draw.update"
    changes: dict[str, Any]
    replace: bool = False
    if_version: int | None = None


class ArchiveDraw(DrawCommand):
    """Take a draw out of the lists."""

    type: ClassVar[str] = "draw.archive"
    if_version: int | None = None


class PauseDraw(DrawCommand):
    """Hold back the drawing, entries, or both."""

    type: ClassVar[str] = "draw.pause"
    scope: Scope = Scope.SERVICE
    reason: str | None = None
    resume_at: datetime | None = None


class ResumeDraw(DrawCommand):
    """End a pause; `shift_schedule` moves what has not come yet by the length of the pause."""

    type: ClassVar[str] = "draw.resume"
    shift_schedule: bool = False


class KillDraw(DrawCommand):
    """End a draw for good: it is void, and stays visible."""

    type: ClassVar[str] = "draw.kill"
    reason: str
    revoke_grants: bool = False


class KnockDraw(DrawCommand):
    """Nothing but a knock: whatever is due is done. `after_slice`: a slice of it was done just now, so others go first."""

    type: ClassVar[str] = "draw.knock"
    after_slice: bool = False


class GiveBeacon(DrawCommand):
    """The round that the draw has fixed, with the beacon's signature of it. Whoever brings it, the signature is checked."""

    type: ClassVar[str] = "draw.give_beacon"
    round: Round
    signature: Signature


class EnterDraw(DrawCommand):
    """Take part. With `guest` the person is created by the same command. `duplicate_key` is a keyed hash of 32 bytes.

    `by_organization`: its server enters the person, and what it says of tickets and duplicates is its word.
    `preferences` are names of prizes, best first, where the draw has prizes.
    """

    type: ClassVar[str] = "draw.enter"
    consumer_id: UUID
    is_guest: bool = True
    quantity: int = 1
    tickets: int = 1
    people: int = 1
    duplicate_key: Base64Bytes | None = None
    preferences: tuple[str, ...] | None = None
    guest: NewGuest | None = None
    session_id: UUID | None = None
    by_organization: bool = False


class LeaveDraw(DrawCommand):
    """Take part no more, or give a win back. Names the participation the person saw."""

    type: ClassVar[str] = "draw.leave"
    consumer_id: UUID
    entry_id: UUID | None = None
    session_id: UUID | None = None


class DenyEntrant(DrawCommand):
    """Refuse a person for good."""

    type: ClassVar[str] = "draw.deny"
    consumer_id: UUID
    reason: str
    note: str | None = None


class ValidateWin(DrawCommand):
    """Ask whether a grant is good now, and count that it was asked."""

    type: ClassVar[str] = "draw.validate"
    entry_id: UUID
    grant_id: UUID
    consumer_id: UUID | None = None


class CompleteWin(DrawCommand):
    """Use a grant up, once. Named by the grant, or by the consumer who holds it."""

    type: ClassVar[str] = "draw.complete"
    order_id: str
    entry_id: UUID | None = None
    grant_id: UUID | None = None
    consumer_id: UUID | None = None
    order: OrderDetails = OrderDetails()


class SignWin(DrawCommand):
    """Sign a live grant for its holder, who looks at it."""

    type: ClassVar[str] = "draw.sign_grant"
    entry_id: UUID
    grant_id: UUID
