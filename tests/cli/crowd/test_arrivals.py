"""The arrival curve: whole, deterministic, and shaped like the evening it was taken from."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.crowd.arrivals import Curve, world_cup_evening


def test_the_evening_has_four_hundred_and_twenty_minutes_and_its_peak() -> None:
    curve = world_cup_evening()
    assert len(curve.counts) == 420
    assert max(curve.counts) == 229_426
    assert curve.wall == pytest.approx(282 / 420)


def test_most_people_come_before_the_wall() -> None:
    curve = world_cup_evening()
    times = curve.arrivals(5000, 30.0, Random(1))
    early = sum(1 for time in times if time < curve.wall * 30.0)
    assert 0.76 < early / 5000 < 0.82


def test_everybody_comes_within_the_duration_and_in_order() -> None:
    times = world_cup_evening().arrivals(1000, 12.0, Random(7))
    assert times == sorted(times)
    assert times[0] >= 0.0
    assert times[-1] <= 12.0


def test_the_same_seed_gives_the_same_evening() -> None:
    curve = world_cup_evening()
    assert curve.arrivals(50, 3.0, Random(4)) == curve.arrivals(50, 3.0, Random(4))
    assert curve.arrivals(50, 3.0, Random(4)) != curve.arrivals(50, 3.0, Random(5))


def test_busy_minutes_bring_people_in_proportion() -> None:
    times = Curve((1, 0, 3)).arrivals(40_000, 3.0, Random(2))
    shares = [sum(1 for time in times if low <= time < low + 1) / 40_000 for low in (0, 1, 2)]
    assert shares[0] == pytest.approx(0.25, abs=0.02)
    assert shares[1] == 0.0
    assert shares[2] == pytest.approx(0.75, abs=0.02)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_comes_earlier(counts: list[int], one: float, other: float) -> None:
    curve = Curve(tuple(counts))
    low, high = sorted((one, other))
    assert 0.0 <= curve.quantile(low) <= curve.quantile(high) <= 1.0
