"""Rounds of the public beacon: when they are due."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fairness.quicknet import GENESIS, PERIOD, last_round, round_at, time_of

MICROSECOND = timedelta(microseconds=1)


def test_the_chain_s_first_rounds_are_due_every_three_seconds() -> None:
    assert time_of(1) == GENESIS == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
    assert time_of(2) == GENESIS + timedelta(seconds=3)
    assert time_of(1000) == datetime.fromtimestamp(1_692_806_364, UTC)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (timedelta(0), 1), (MICROSECOND, 2), (PERIOD - MICROSECOND, 2), (PERIOD, 2), (PERIOD + MICROSECOND, 3),
        (-MICROSECOND, 1), (timedelta(days=-9000), 1),
    ],
)  # fmt: skip
def test_the_first_round_due_at_a_moment_or_after_it(since: timedelta, expected: int) -> None:
    assert round_at(GENESIS + since) == expected


@given(st.integers(1, 2**36))
def test_a_round_is_the_first_that_is_due_when_it_is_due(round_number: int) -> None:
    due = time_of(round_number)
    assert round_at(due) == round_number
    assert round_at(due + MICROSECOND) == round_number + 1
    assert round_at(due - PERIOD + MICROSECOND) == round_number


@given(st.datetimes(datetime(2023, 8, 24), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 (hypothesis adds the zone)
def test_no_earlier_round_would_do(moment: datetime) -> None:
    found = round_at(moment)
    assert time_of(found - 1) < moment <= time_of(found)


def test_a_moment_is_the_same_in_every_zone() -> None:
    moment = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    zones = [ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland"), timezone(timedelta(hours=-3, minutes=-30))]
    assert {round_at(moment.astimezone(zone)) for zone in zones} == {round_at(moment)}
    later = (moment + timedelta(hours=1)).astimezone(zones[0])  # the same hour of the clock, when summer time has ended
    assert round_at(later) == round_at(moment) + 1200


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        round_at(datetime(2026, 1, 1))  # noqa: DTZ001 (that is the case)


@pytest.mark.parametrize("round_number", [0, -1, 2**64])
def test_a_round_that_cannot_be_is_never_due(round_number: int) -> None:
    with pytest.raises(ValueError, match="no round"):
        time_of(round_number)


@given(st.integers(1, 2**36))
def test_the_last_round_that_is_due_is_due_until_the_next_is(round_number: int) -> None:
    due = time_of(round_number)
    assert last_round(due) == last_round(due + PERIOD - MICROSECOND) == round_number
    assert last_round(due - MICROSECOND) == round_number - 1


def test_before_the_chain_began_no_round_was_due() -> None:
    assert last_round(GENESIS - timedelta(days=9000)) == last_round(GENESIS - MICROSECOND) == 0
