"""What can happen to a draw after its freeze, as its step log tells it.

One class for each type of line, read and written by the same names; docs/fairness.md says when each may stand.
"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter
from pydantic.alias_generators import to_camel

from domain.fairness.leaves import MAX_PEOPLE
from domain.fairness.members import Hash, Instant, Number, Participation, Round
from domain.fairness.prizes import PrizeName

Reason = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """The members of a step by which one type differs from another."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    type: str

    def members(self) -> dict[str, JsonValue]:
        """Write the type and its members; those that may be missing are left out when they are none."""
        fields = type(self).model_fields
        written = self.model_dump(mode="json")
        return {
            fields[name].alias or name: value
            for name, value in written.items()
            if value is not None or fields[name].is_required()
        }


class Sealed(Body):
    """The entries are frozen; always the first step. The round is named when the rules name a beacon."""

    type: Literal["SEALED"] = "SEALED"
    count: Number
    tickets: Number
    log_size: Number
    tree_head: Hash
    beacon_round: Round | None = None


class Left(Body):
    """An entrant left after the freeze, before the draw."""

    type: Literal["LEFT"] = "LEFT"
    participation_id: Participation


class Denied(Body):
    """The organization refused an entrant or a winner; a winner's places become free."""

    type: Literal["DENIED"] = "DENIED"
    participation_id: Participation
    reason: Reason


class Rescheduled(Body):
    """The draw takes place at another time, with another round of the beacon where one is named."""

    type: Literal["RESCHEDULED"] = "RESCHEDULED"
    draw_at: Instant
    close_at: Instant | None = None
    claim_close_at: Instant | None = None
    beacon_round: Round | None = None


class Waiting(Body):
    """The draw is due and waits."""

    type: Literal["WAITING"] = "WAITING"
    reason: Reason


class Mixed(BaseModel):
    """The round of the public beacon that was mixed in, and its 32 bytes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    round: Round
    randomness: Hash


class Drawn(Body):
    """The seed is revealed, and selection begins."""

    type: Literal["DRAWN"] = "DRAWN"
    seed: Hash
    beacon: Mixed | None = None


class Passed(Body):
    """A group was reached that needs more places than are free: it stays first for places that fit.

    Where there are prizes, `prize` is the one it was reached for, and `free` the places of that.
    """

    type: Literal["PASSED"] = "PASSED"
    participation_id: Participation
    rank: Number
    people: Annotated[int, Field(strict=True, ge=1, le=MAX_PEOPLE)]
    free: Number
    prize: PrizeName | None = None


class Selected(Body):
    """The first fill is done: so many entries won so many places."""

    type: Literal["SELECTED"] = "SELECTED"
    winners: Number
    places: Number


class Declined(Body):
    """A winner gave it back."""

    type: Literal["DECLINED"] = "DECLINED"
    participation_id: Participation


class Expired(Body):
    """A winner did not claim in time and is out."""

    type: Literal["EXPIRED"] = "EXPIRED"
    participation_id: Participation


class Requeued(Body):
    """A winner did not claim in time and goes behind the last alternate."""

    type: Literal["REQUEUED"] = "REQUEUED"
    participation_id: Participation


class Promoted(Body):
    """Somebody wins a place that became free, of `prize` where there are prizes; the rank is null for one that was requeued."""

    type: Literal["PROMOTED"] = "PROMOTED"
    participation_id: Participation
    rank: Number | None
    prize: PrizeName | None = None


class CompletedAll(Body):
    """Every place is completed: nobody is promoted any more."""

    type: Literal["COMPLETED_ALL"] = "COMPLETED_ALL"


class ClaimClosed(Body):
    """Claims are closed: nobody is promoted any more."""

    type: Literal["CLAIM_CLOSED"] = "CLAIM_CLOSED"


class Void(Body):
    """The draw does not count."""

    type: Literal["VOID"] = "VOID"
    reason: Reason


AnyBody: TypeAlias = (
    Sealed | Left | Denied | Rescheduled | Waiting | Drawn | Passed | Selected | Declined | Expired | Requeued
    | Promoted | CompletedAll | ClaimClosed | Void
)  # fmt: skip

BODIES: TypeAdapter[AnyBody] = TypeAdapter(Annotated[AnyBody, Field(discriminator="type")])
"""Reads the members of a step. Raises pydantic's ValidationError."""
