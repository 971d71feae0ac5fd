"""The two times of a decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Times:
    """When a command reached the ledger, and when it is decided; both by the ledger's clock, aware, in UTC.

    `received_at` judges whether the command was in time. `now` dates everything that is promised.
    """

    received_at: datetime
    now: datetime


def shifted(moment: datetime | None, seconds: int) -> datetime | None:
    """A moment so many seconds later, or earlier. OverflowError beyond the years 1 to 9999."""
    return None if moment is None else moment + timedelta(seconds=seconds)


def seconds_until(moment: datetime | None, now: datetime) -> int | None:
    """Whole seconds until a moment, at least one: when to come again."""
    return None if moment is None else max(1, math.ceil((moment - now).total_seconds()))


@lru_cache(maxsize=4096)  # because a drain tells the same few moments in every answer and event
def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and a Z: the form of every date that leaves the house."""
    if moment is None:
        return None
    text = moment.isoformat(timespec="milliseconds")
    if not text.endswith("+00:00"):
        text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text[:-6] + "Z"
