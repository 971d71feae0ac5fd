"""Parts of a stretch of time: the minutes, hours, days, weeks (from Monday, ISO 8601) and months of UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Granularity = Literal["minute", "hour", "day", "week", "month"]
GRANULARITIES: Final[tuple[Granularity, ...]] = ("minute", "hour", "day", "week", "month")
_LENGTHS: Final = {
    "minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1),
}  # fmt: skip
_LONGEST: Final = timedelta(days=90)
_LONGEST_BY_MINUTES: Final = timedelta(days=1)


def too_long(since: datetime, until: datetime, part: Granularity) -> bool:
    """Whether a stretch has more parts than anybody looks at: over 90 days, and over 24 hours by minutes."""
    return until - since > (_LONGEST_BY_MINUTES if part == "minute" else _LONGEST)


def parts(since: datetime, until: datetime, part: Granularity) -> Iterator[tuple[datetime, datetime]]:
    """The parts in their order, each from its start to before its end; the first and last end with the stretch."""
    start = since.astimezone(UTC)
    while start < until:
        end = _after(start, part, until)
        yield start, end
        start = end


def _after(moment: datetime, part: Granularity, until: datetime) -> datetime:
    """When the part that a moment lies in is over, at `until` the latest; the calendar itself ends within a part."""
    try:
        return min(_end(moment, part), until)
    except OverflowError:
        return until


def _end(moment: datetime, part: Granularity) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if part == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    start = day - timedelta(days=moment.weekday()) if part == "week" else day
    return start + ((moment - start) // _LENGTHS[part] + 1) * _LENGTHS[part]
