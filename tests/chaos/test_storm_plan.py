"""One seed is one storm."""

from collections import Counter
from random import Random

import pytest

from tests.chaos.storm.clocks import FURTHEST, skew_of
from tests.chaos.storm.faults import FAULTS, SORTS
from tests.chaos.storm.plan import LONG_STOPS, beside, plan_of
from tests.chaos.storm.raffles import SHOT, aimed, arrivals, raffles_of
from tests.chaos.storm.run import MAIL_FAULTS, POISONED, moments_of_poison


def test_the_same_seed_is_the_same_schedule() -> None:
    assert plan_of(7, 30.0, SORTS) == plan_of(7, 30.0, SORTS)
    assert plan_of(7, 30.0, SORTS).faults != plan_of(8, 30.0, SORTS).faults


@pytest.mark.parametrize("seconds", [60.0, 120.0])
def test_every_sort_comes_once_before_any_comes_again_and_each_in_a_storm_of_a_minute(seconds: float) -> None:
    for seed in range(50):
        names = [planned.name for planned in plan_of(seed, seconds, SORTS).faults]
        assert set(names[: len(FAULTS)]) == FAULTS.keys()
        assert len(set(names[len(FAULTS) : 2 * len(FAULTS)])) == len(names[len(FAULTS) : 2 * len(FAULTS)])


def test_faults_come_in_their_time_and_hit_what_they_can() -> None:
    sorts = {sort.name: sort for sort in SORTS}
    for seed in range(50):
        for planned in plan_of(seed, 30.0, SORTS).faults:
            assert 0 < planned.at < 30.0
            assert planned.target in sorts[planned.name].targets
            assert sorts[planned.name].shortest <= planned.seconds <= sorts[planned.name].longest


def long_stops(seed: int, seconds: float) -> Counter[str]:
    """Who is stopped for longer than any lease, and how often."""
    faults = plan_of(seed, seconds, SORTS).faults
    return Counter(planned.name for planned in faults if planned.seconds >= LONG_STOPS[0])


def test_in_a_storm_of_a_minute_each_kind_of_process_is_stopped_for_longer_than_any_lease() -> None:
    for seed in range(50):
        assert long_stops(seed, 60.0).keys() == {
            f"{kind} stopped for long" for kind in ("gateway", "worker", "scheduler")
        }
        assert not long_stops(seed, 30.0)


def test_mail_is_owed_while_it_is_cut_off() -> None:
    for seed in range(50):
        plan = plan_of(seed, 60.0, SORTS)
        cut = [planned for planned in plan.faults if planned.name in MAIL_FAULTS]
        moments = moments_of_poison(plan)
        assert len(moments) == POISONED
        assert all(any(one.at < moment < one.at + one.seconds for one in cut) for moment in moments)
    assert moments_of_poison(plan_of(1, 6.0, [SORTS[0]])) == [2.0, 4.0]


def test_a_process_that_comes_again_has_another_clock() -> None:
    skews = [skew_of(7, "web", starts) for starts in range(200)]
    assert skews == [skew_of(7, "web", starts) for starts in range(200)]
    assert len(set(skews)) > 100
    assert min(skews) < -60 < 60 < max(skews)
    assert all(abs(skew) <= FURTHEST for skew in skews)
    assert 0.0 in skews


@pytest.mark.parametrize("seconds", [6.0, 30.0, 90.0])
def test_every_draw_is_closed_drawn_and_over_in_its_storm_or_soon_after(seconds: float) -> None:
    for raffle in raffles_of(seconds):
        come = list(arrivals(raffle, Random(7)))
        assert 0 < min(come) < raffle.closes < max(come)
        assert raffle.closes < raffle.drawn < seconds
        assert raffle.drawn + 4 <= raffle.ends < seconds + 4


@pytest.mark.parametrize("seconds", [6.0, 30.0, 90.0])
def test_who_draws_is_shot_at_while_drawing(seconds: float) -> None:
    plan = beside(plan_of(7, seconds, SORTS), aimed(7, seconds))
    assert plan == beside(plan_of(7, seconds, SORTS), aimed(7, seconds))
    assert [planned.at for planned in plan.faults] == sorted(planned.at for planned in plan.faults)
    for raffle in raffles_of(seconds):
        assert any(
            planned.name == SHOT and planned.target.startswith("selection") and 0 <= planned.at - raffle.drawn < 0.5
            for planned in plan.faults
        )
