"""The settings that all distributions with grants share, with their ranges."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from domain.settings import Name, NotYet, Settings
from domain.values import Metadata, Moment, TimeZoneName

Seconds = int


class DistributionConfig(Settings):
    """What may be set of every distribution that gives grants. Dates are aware, durations in seconds."""

    name: Name
    open_at: Moment | None = None
    close_at: Moment | None = None
    time_zone: TimeZoneName | None = None
    supports_guest: bool = True
    admission_expiration_seconds: Seconds = Field(900, ge=1, le=2_592_000)
    completion_grace_seconds: Seconds = Field(300, ge=0, le=3600)
    on_expiry: Literal["deny", "requeue"] = "deny"
    requeue_limit: int = Field(1, ge=1, le=10)
    max_validations: int = Field(100, ge=1, le=10_000)
    max_quantity_per_consumer: int = Field(1, ge=1, le=1000)
    reserve_inventory: NotYet = False
    loyalty_bias_enabled: NotYet = False
    metadata: Metadata = Field(default_factory=dict)


def ordered(earlier: datetime | None, later: datetime | None, message: str, *, strict: bool = False) -> None:
    """Refuse, as invalid_window, two moments of which the later comes first, or with `strict` also at the same time."""
    if earlier is None or later is None:
        return
    if later < earlier or (strict and later == earlier):
        raise PydanticCustomError("invalid_window", message)
