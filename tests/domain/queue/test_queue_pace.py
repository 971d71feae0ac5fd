"""The rate is exact over any time, and nothing is let in faster than it allows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.queue import pace, rules
from domain.queue.config import QueueConfig
from domain.queue.state import Queue
from tests.domain.queue.queues import NOON, make_config, make_queue, moment

rates = st.sampled_from([1, 7, 59, 60, 61, 90, 600, 6007]) | st.integers(1, 100_000)
intervals = st.sampled_from([1, 2, 7, 60, 300]) | st.integers(1, 300)
A_CROWD = 100_000_000


def served(queue: Queue, knocks: Iterator[datetime]) -> list[tuple[datetime, int]]:
    """When how many are let in by a line that never ends, if it is knocked at these moments."""
    queue, granted = queue.with_line(waiting=A_CROWD), list[tuple[datetime, int]]()
    for now in knocks:
        queue, room = rules.room(queue, now)
        queue = queue.with_line(credit=queue.line.credit - room * pace.GRANT)
        granted.append((now, room))
    return granted


def due(queue: Queue, until: datetime) -> Iterator[datetime]:
    """The moments at which a queue with a crowd before it wants to be knocked at, from its opening on."""
    now, config = NOON, queue.config
    while now <= until:
        yield now
        now = pace.tick_after(config, NOON, now)


def total(granted: list[tuple[datetime, int]]) -> int:
    """How many were let in."""
    return sum(room for _, room in granted)


@pytest.mark.parametrize("rate", [1, 7, 90, 119, 600_000])
@pytest.mark.parametrize("interval", [1, 7, 299, 300])
def test_over_a_long_time_the_rate_is_exact(rate: int, interval: int) -> None:
    queue = make_queue(admit_rate=rate, batch_interval_seconds=interval)
    seconds = 3000 // interval * interval
    granted = total(served(queue, due(queue, moment(seconds))))
    first = max(Fraction(rate * interval, 60), Fraction(1))
    exact = first + Fraction(rate * seconds, 60)
    assert granted == int(exact)


def test_a_fraction_of_a_grant_is_never_lost() -> None:
    queue = make_queue(admit_rate=7, batch_interval_seconds=1)
    moments = [now for now, room in served(queue, due(queue, moment(600))) for _ in range(room)]
    waits = {round((after - before).total_seconds()) for before, after in pairwise(moments)}
    assert len(moments) == 1 + 70
    assert waits <= {8, 9}


@given(rate=rates, interval=intervals, minutes=st.integers(1, 30), lateness=st.integers(0, 900))
@settings(max_examples=20, deadline=None)
def test_knocks_that_come_late_within_their_interval_cost_nothing(
    rate: int, interval: int, minutes: int, lateness: int
) -> None:
    queue = make_queue(admit_rate=rate, batch_interval_seconds=interval)
    late = timedelta(microseconds=lateness * interval * 1000)
    punctual = list(due(queue, moment(minutes * 60)))
    assert total(served(queue, (now + late for now in punctual))) == total(served(queue, iter(punctual)))


@given(
    rate=rates, interval=intervals, burst=st.none() | st.integers(1, 500), gaps=st.lists(st.floats(0, 90), max_size=60)
)
@settings(max_examples=40, deadline=None)
def test_in_no_window_more_are_let_in_than_were_saved_up_and_came_in(
    rate: int, interval: int, burst: int | None, gaps: list[float]
) -> None:
    queue = make_queue(admit_rate=rate, batch_interval_seconds=interval, admit_burst=burst)
    config, now, knocks = queue.config, NOON, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        knocks.append(now)
    granted = served(queue, iter(knocks))
    for start in range(len(granted)):
        _is_within(config, granted[start:])


def _is_within(config: QueueConfig, window: list[tuple[datetime, int]]) -> None:
    interval = timedelta(seconds=config.batch_interval_seconds)
    begins, taken = window[0][0], 0
    for now, room in window:
        taken += room
        ticks = (now - NOON) // interval - (begins - NOON) // interval
        assert taken * pace.GRANT <= pace.most(config) + ticks * pace.share(config)


@pytest.mark.parametrize(
    ("settings_", "at_once"),
    [
        ({"admit_rate": 60}, 1),
        ({"admit_rate": 90}, 2),
        ({"admit_rate": 600, "batch_interval_seconds": 5}, 50),
        ({"admit_rate": 60, "admit_burst": 25}, 25),
        ({"admit_rate": 600, "admit_burst": 3}, 10),
    ],
    ids=["one", "one and a half", "a share of five seconds", "a burst", "a burst below the share"],
)
def test_after_an_idle_minute_there_is_no_burst_unless_it_was_asked_for(
    settings_: dict[str, int], at_once: int
) -> None:
    idle = served(make_queue(**settings_), iter([moment(0)]))
    assert idle
    queue, room = rules.room(make_queue(waiting=A_CROWD, credit=0, **settings_), moment(60))
    assert room == at_once
    assert rules.room(queue, moment(3600))[1] == at_once


@given(rate=rates, interval=intervals, seconds=st.floats(0, 5000), credit=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_the_next_turn_is_at_the_first_tick_with_credit_for_it(
    rate: int, interval: int, seconds: float, credit: int
) -> None:
    config, now = make_config(admit_rate=rate, batch_interval_seconds=interval), moment(seconds)
    enough = pace.enough_at(config, credit, NOON, now)
    assert enough >= now
    if enough > now:
        assert (enough - NOON) % timedelta(seconds=interval) == timedelta(0)
        assert pace.filled(config, credit, NOON, now, enough) >= pace.GRANT
        assert pace.filled(config, credit, NOON, now, enough - timedelta(microseconds=1)) < pace.GRANT


@settings(max_examples=40, deadline=None)
@given(rate=rates, interval=intervals, moments=st.lists(st.floats(0, 1000), min_size=1, max_size=10))
def test_looking_more_often_gives_no_more_credit(rate: int, interval: int, moments: list[float]) -> None:
    config = make_config(admit_rate=rate, batch_interval_seconds=interval)
    credit, since = 0, NOON
    for seconds in sorted(moments):
        credit, since = pace.filled(config, credit, NOON, since, moment(seconds)), moment(seconds)
    assert credit == pace.filled(config, 0, NOON, NOON, since)


def test_a_clock_that_goes_back_gives_no_credit_twice() -> None:
    queue, _ = rules.room(make_queue(waiting=9, credit=0), moment(100))
    back, _ = rules.room(queue, moment(50))
    again, _ = rules.room(back, moment(100))
    assert queue.line.credit == back.line.credit == again.line.credit
