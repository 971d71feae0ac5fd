"""One seed is one storm."""

from tests.chaos.storm.clocks import FURTHEST, skew_of
from tests.chaos.storm.faults import FAULTS, SORTS
from tests.chaos.storm.plan import LONG_STOPS, plan_of


def test_the_same_seed_is_the_same_schedule() -> None:
    assert plan_of(7, 30.0, SORTS) == plan_of(7, 30.0, SORTS)
    assert plan_of(7, 30.0, SORTS).faults != plan_of(8, 30.0, SORTS).faults


def test_every_sort_comes_once_before_any_comes_again() -> None:
    for seed in range(50):
        names = [planned.name for planned in plan_of(seed, 60.0, SORTS).faults]
        assert set(names[: len(FAULTS)]) == FAULTS.keys()
        assert len(set(names[len(FAULTS) : 2 * len(FAULTS)])) == len(names[len(FAULTS) : 2 * len(FAULTS)])


def test_faults_come_in_their_time_and_hit_what_they_can() -> None:
    sorts = {sort.name: sort for sort in SORTS}
    for seed in range(50):
        for planned in plan_of(seed, 30.0, SORTS).faults:
            assert 0 < planned.at < 30.0
            assert planned.target in sorts[planned.name].targets
            assert sorts[planned.name].shortest <= planned.seconds <= sorts[planned.name].longest


def test_only_long_storms_stop_a_process_for_longer_than_a_heartbeat() -> None:
    stops = [planned.seconds for seed in range(50) for planned in plan_of(seed, 120.0, SORTS).faults]
    assert max(stops) >= LONG_STOPS[0]
    assert max(planned.seconds for seed in range(50) for planned in plan_of(seed, 30.0, SORTS).faults) < LONG_STOPS[0]


def test_a_process_that_comes_again_has_another_clock() -> None:
    skews = [skew_of(7, "web", starts) for starts in range(200)]
    assert skews == [skew_of(7, "web", starts) for starts in range(200)]
    assert len(set(skews)) > 100
    assert min(skews) < -60 < 60 < max(skews)
    assert all(abs(skew) <= FURTHEST for skew in skews)
    assert 0.0 in skews
