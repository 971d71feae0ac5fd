"""Parts of a stretch of time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import GRANULARITIES, Granularity, parts, too_long

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("part", "since", "until", "borders"),
    [
        ("minute", "2026-11-21T12:00:30", "2026-11-21T12:02", ["2026-11-21T12:01"]),
        ("hour", "2026-11-21T12:00", "2026-11-21T14:00", ["2026-11-21T13:00"]),
        ("day", "2026-02-27T12:00", "2026-03-01T12:00", ["2026-02-28", "2026-03-01"]),
        ("week", "2026-11-21T12:00", "2026-12-01", ["2026-11-23", "2026-11-30"]),
        ("month", "2026-12-31", "2027-02-02", ["2027-01-01", "2027-02-01"]),
        ("month", "9999-12-30", "9999-12-31", []),
    ],
)
def test_parts_begin_where_the_clock_and_the_calendar_say(
    part: Granularity, since: str, until: str, borders: list[str]
) -> None:
    inner = [at(one) for one in borders]
    assert list(parts(at(since), at(until), part)) == list(zip([at(since), *inner], [*inner, at(until)], strict=True))


@given(
    st.integers(0, 10**10), st.timedeltas(timedelta(0), timedelta(hours=24)),
    st.sampled_from(GRANULARITIES), st.integers(-12, 12),
)  # fmt: skip
def test_parts_leave_nothing_out_and_do_not_overlap(
    second: int, length: timedelta, part: Granularity, zone: int
) -> None:
    since = datetime.fromtimestamp(second, timezone(timedelta(hours=zone)))
    found = list(parts(since, since + length, part))
    assert all(begun < ended for begun, ended in found)
    assert [begun for begun, _ in found[1:]] == [ended for _, ended in found[:-1]]
    assert not found or (found[0][0], found[-1][1]) == (since, since + length)


def test_a_stretch_has_not_more_parts_than_anybody_looks_at() -> None:
    assert not too_long(NOON, NOON + timedelta(hours=24), "minute")
    assert too_long(NOON, NOON + timedelta(hours=24, seconds=1), "minute")
    assert not too_long(NOON, NOON + timedelta(days=90), "hour")
    assert too_long(NOON, NOON + timedelta(days=90, seconds=1), "month")
