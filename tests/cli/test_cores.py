"""Which cores of a machine each process of an installation runs on."""

import os

import pytest

from cli.errors import ObstacleError
from cli.system.cores import ANYWHERE, Cores, available, shared_out
from cli.system.shape import Shape


@pytest.mark.parametrize(
    ("cores", "gateways", "own", "rest"),
    [
        ({0, 1}, 1, [{0}], {1}),
        ({2, 3, 5, 7}, 1, [{2}], {3, 5, 7}),
        ({2, 3, 5, 7}, 3, [{2}, {3}, {5}], {7}),
    ],
)
def test_each_gateway_has_a_core_and_all_else_the_rest(
    cores: set[int], gateways: int, own: list[set[int]], rest: set[int]
) -> None:
    assert shared_out(cores, gateways) == Cores(tuple(map(frozenset, own)), frozenset(rest))


@pytest.mark.parametrize(("cores", "gateways"), [({0}, 1), ({0, 1}, 2), ({0, 1}, 3), ({0, 1}, 0), (set[int](), 1)])
def test_where_no_core_would_be_left_everything_runs_anywhere(cores: set[int], gateways: int) -> None:
    assert shared_out(cores, gateways) == Cores((ANYWHERE,) * gateways, ANYWHERE)


def test_cores_may_be_shared_by_all() -> None:
    assert Shape({"web": 1}, environment={"CORES": "shared"}).cores() == Cores((ANYWHERE,), ANYWHERE)


def test_any_other_word_about_cores_is_refused() -> None:
    with pytest.raises(ObstacleError, match="`own` or `shared`, not `hsared`"):
        Shape({"web": 1}, environment={"CORES": "hsared"}).cores()


def test_only_cores_that_this_process_may_use_are_shared_out() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available() == {min(before)}
        assert Shape({"web": 1}).cores() == Cores((ANYWHERE,), ANYWHERE)
    finally:
        os.sched_setaffinity(0, before)
