"""Counts and rates as they are shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api_gateway.shapes.common import Linked, Shape


class LastMinute(Shape):
    """What the last minute brought."""

    entries: int
    grants: int
    completions: int


class Waits(Shape):
    """From entering to the grant, in seconds."""

    p50: float | None
    p95: float | None
    max: float | None


class Claims(Shape):
    """From the grant to the completion, in seconds."""

    p50: float | None
    p95: float | None


class Counts(Shape):
    """What became of those who entered in a stretch of time."""

    entries: int
    grants: int
    completions: int
    expired: int
    left: int
    denied: dict[str, int]


class Part(Counts):
    """What became of those who entered from `from` on and before `to`."""

    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")


class QueueMeasures(Counts, Linked):
    """What a queue has done for those who entered between `from` and `to`; `waiting` and `inside` are of now.

    `series` has one item for each part, where a granularity was asked for. p50 and p95 are to within 1 %.
    `completionRate` and `expiryRate` are parts of the grants, `dropOff` is the part of the entries that left.
    """

    queue_id: UUID
    waiting: int
    inside: int
    cohort_size: int | None
    admit_rate: int
    fresh_as_of: datetime
    unique_entrants: int
    completion_rate: float | None
    expiry_rate: float | None
    drop_off: float | None
    last_minute: LastMinute
    wait_seconds: Waits
    claim_seconds: Claims
    series: list[Part] | None
