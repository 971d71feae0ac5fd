"""Counting: percentiles are exact, surprises are kept only so far and counted always."""

from __future__ import annotations

import math

import pytest

from cli.crowd.tally import KEPT_SURPRISES, NO_ANSWER, Surprise, Tally, percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1.0], 0.5, 1.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_nothing_measured_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))
    assert math.isnan(Tally().quantiles("enter")[0])


def test_an_exchange_without_an_answer_is_counted_but_has_no_latency() -> None:
    tally = Tally()
    tally.exchange("enter", NO_ANSWER, 9.0)
    tally.exchange("enter", 200, 0.01)
    assert tally.exchanges == 2
    assert tally.of_status(NO_ANSWER) == 1
    assert tally.quantiles("enter") == (0.01, 0.01)


def test_surprises_beyond_the_kept_ones_are_still_counted() -> None:
    tally = Tally()
    for _ in range(KEPT_SURPRISES + 5):
        tally.surprise(Surprise("poll", 500, "INTERNAL_ERROR", "r"))
    assert tally.surprise_count == KEPT_SURPRISES + 5
    assert len(tally.surprises) == KEPT_SURPRISES
