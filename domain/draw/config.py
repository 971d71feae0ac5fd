"""The settings of a draw, with their ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.distribution.config import DistributionConfig, Seconds, ordered
from domain.values import Moment

CLAIMS_FOR: Final = timedelta(days=30)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class DrawConfig(DistributionConfig):
    """Every setting of a draw. Dates are aware, durations in seconds.

    `max_tickets_per_entry` and `max_people_per_entry` bound what an entry may ask for: its tickets, which are its weight,
    and the places that it wins or loses as a whole. `randomness` says where the chance comes from: from the draw's own
    secret alone, or also from a round of a public beacon (drand's quicknet) that nobody knows when it is fixed.
    """

    draw_at: Moment
    winner_count: int = Field(ge=1, le=1_000_000)
    admission_expiration_seconds: Seconds = Field(172_800, ge=1, le=2_592_000)
    capacity: int | None = Field(None, ge=1, le=100_000_000)
    continue_selecting_until_completed: bool = True
    alternate_count: int | None = Field(None, ge=0, le=1_000_000)
    claim_close_at: Moment | None = None
    replaces_draw_id: Annotated[UUID, Field(strict=False)] | None = None
    max_tickets_per_entry: int = Field(1, ge=1, le=1_000)
    max_people_per_entry: int = Field(1, ge=1, le=100)
    randomness: Literal["commit_reveal", "beacon"] = "commit_reveal"

    @model_validator(mode="after")
    def _windows(self) -> DrawConfig:
        ordered(self.open_at, self.closes_at, "closeAt must be later than openAt.", strict=True)
        ordered(self.close_at, self.draw_at, "drawAt must not be earlier than closeAt.")
        ordered(self.draw_at, self.claim_close_at, "claimCloseAt must be later than drawAt.", strict=True)
        if self.capacity is not None and self.winner_count > self.capacity:
            raise PydanticCustomError("out_of_range", "winnerCount must not be above capacity.")
        return self

    @property
    def closes_at(self) -> datetime:
        """When entering ends: closeAt, else drawAt."""
        return self.close_at or self.draw_at

    @property
    def mixes_in_beacon(self) -> bool:
        """Whether the order also follows from a round of the public beacon."""
        return self.randomness == "beacon"

    @property
    def claims_end_at(self) -> datetime:
        """When promotions end: claimCloseAt, else thirty days after the draw."""
        return self.claim_close_at or self.draw_at + min(CLAIMS_FOR, _LAST - self.draw_at)


class NewDraw(DrawConfig):
    """A draw as it is asked for: its settings and the sequence it belongs to."""

    sequence_id: Annotated[UUID, Field(strict=False)]
