"""The settings of a queue, with their ranges: what an organization may ask for, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.distribution.config import DistributionConfig, Seconds, ordered
from domain.values import Moment

_FIRST = datetime.min.replace(tzinfo=UTC)


class QueueConfig(DistributionConfig):
    """Every setting of a queue. Dates are aware, durations in seconds, rates in grants per minute.

    `capacity` bounds who may join: whoever goes back to the line when a grant lapses had a place, and keeps one even
    when others have filled the line meanwhile.
    """

    entry_open_at: Moment | None = None
    admit_rate: int = Field(ge=1, le=600_000)
    batch_interval_seconds: Seconds = Field(1, ge=1, le=300)
    admit_burst: int | None = Field(None, ge=1, le=600_000)
    capacity: int | None = Field(None, ge=1, le=100_000_000)
    max_admissions: int | None = Field(None, ge=1, le=100_000_000)
    max_active_grants: int | None = Field(None, ge=1, le=100_000_000)
    max_completions_per_consumer: int = Field(1, ge=1, le=100)
    service_close_at: Moment | None = None
    idle_timeout_seconds: Seconds | None = Field(None, ge=60, le=86_400)
    position_display_mode: Literal["precise", "qualitative"] = "precise"

    @model_validator(mode="after")
    def _windows(self) -> QueueConfig:
        ordered(self.open_at, self.close_at, "closeAt must be later than openAt.", strict=True)
        ordered(self.entry_open_at, self.open_at, "entryOpenAt must not be later than openAt.")
        ordered(self.close_at, self.service_close_at, "serviceCloseAt must not be earlier than closeAt.")
        if self.entry_open_at is not None and self.open_at is None:
            raise PydanticCustomError("invalid_window", "entryOpenAt needs an openAt.")
        return self

    @property
    def entries_from(self) -> datetime | None:
        """When entering begins: entryOpenAt, else a quarter of an hour before openAt."""
        if self.entry_open_at is not None or self.open_at is None:
            return self.entry_open_at
        return self.open_at - min(timedelta(seconds=900), self.open_at - _FIRST)


class NewQueue(QueueConfig):
    """A queue as it is asked for: its settings and the sequence it belongs to."""

    sequence_id: Annotated[UUID, Field(strict=False)]
