"""The settings of a draw, with their ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.distribution.config import DistributionConfig, Seconds, ordered
from domain.fairness.draws import UNNAMED
from domain.fairness.prizes import MAX_PRIZES, PrizeName, why_not_prizes
from domain.settings import Settings
from domain.values import Moment

CLAIMS_FOR: Final = timedelta(days=30)
SaidBy = Literal["entrant", "organization"]
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Prize(Settings):
    """One of several prizes of a draw, by the name under which entrants prefer it, and how many places it has."""

    name: PrizeName
    places: int = Field(ge=1, le=1_000_000)


class DrawConfig(DistributionConfig):
    """Every setting of a draw. Dates are aware, durations in seconds.

    `max_tickets_per_entry` and `max_people_per_entry` bound what an entry may ask for: its tickets, which are its weight,
    and the places that it wins or loses as a whole. Where `tickets_by` is "organization", only its server gives more than
    one ticket; where `entries_by` is, only its server enters people at all. `randomness` says where the chance comes from:
    from the draw's own secret alone, or also from a round of a public beacon (drand's quicknet) that nobody knows when it
    is fixed. With `prizes`, whose places are `winner_count` together, entrants say which they prefer, and nobody wins more
    than one.
    """

    draw_at: Moment
    winner_count: int = Field(ge=1, le=1_000_000)
    prizes: Annotated[tuple[Prize, ...], Field(strict=False, min_length=1, max_length=MAX_PRIZES)] | None = None
    admission_expiration_seconds: Seconds = Field(172_800, ge=1, le=2_592_000)
    capacity: int | None = Field(None, ge=1, le=100_000_000)
    continue_selecting_until_completed: bool = True
    alternate_count: int | None = Field(None, ge=0, le=1_000_000)
    claim_close_at: Moment | None = None
    replaces_draw_id: Annotated[UUID, Field(strict=False)] | None = None
    max_tickets_per_entry: int = Field(1, ge=1, le=1_000)
    max_people_per_entry: int = Field(1, ge=1, le=100)
    tickets_by: SaidBy = "organization"
    entries_by: SaidBy = "entrant"
    randomness: Literal["commit_reveal", "beacon"] = "commit_reveal"

    @model_validator(mode="after")
    def _windows(self) -> DrawConfig:
        ordered(self.open_at, self.closes_at, "closeAt must be later than openAt.", strict=True)
        ordered(self.close_at, self.draw_at, "drawAt must not be earlier than closeAt.")
        ordered(self.draw_at, self.claim_close_at, "claimCloseAt must be later than drawAt.", strict=True)
        if self.capacity is not None and self.winner_count > self.capacity:
            raise PydanticCustomError("out_of_range", "winnerCount must not be above capacity.")
        if self.prizes is not None:
            named = [(prize.name, prize.places) for prize in self.prizes]
            why_not = why_not_prizes(named, self.winner_count, self.alternate_count)
            if why_not is not None:
                raise PydanticCustomError("out_of_range", "{why_not}", {"why_not": why_not})
        return self

    @property
    def places(self) -> dict[str, int]:
        """The places of each prize; without prizes those of the one that has no name."""
        if self.prizes is None:
            return {UNNAMED: self.winner_count}
        return {prize.name: prize.places for prize in self.prizes}

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
