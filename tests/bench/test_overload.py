"""What is read out of an overload: what was kept up, what another noticed, and when it was over."""

from bench.figures.overload import LIGHT, _Run
from bench.result import Result

BEGAN, SECONDS = 1_000.0, 3.0


def result(samples: list[tuple[float, float, int]]) -> Result:
    return Result(len(samples), {}, 0, SECONDS, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, samples=tuple(samples))


def light(late_until: float) -> Result:
    """The neighbour, ten seconds before to eight after, each answered in 10 ms, or in 100 from the beginning to then."""
    dues = [BEGAN - 10 + number / LIGHT for number in range(21 * LIGHT)]
    return result([(due, 100.0 if BEGAN <= due < late_until else 10.0, 200) for due in dues])


def overloaded(
    crowd: list[tuple[float, float, int]], late_until: float = BEGAN + SECONDS, emptied: float = 0.0
) -> _Run:
    return _Run(100.0, BEGAN, SECONDS, result(crowd), light(late_until), {}, {}, emptied)


def test_what_is_kept_up_is_what_was_accepted_in_each_second_but_the_first() -> None:
    accepted = [(BEGAN + number / 90, 5.0, 200) for number in range(270)]
    refused = [(BEGAN + number / 90, 1.0, 503) for number in range(270)]
    assert overloaded(accepted + refused).kept_up() == [0.9, 0.9]


def test_an_answer_counts_when_it_came_and_not_when_it_was_due() -> None:
    late = [(BEGAN + 1.5, 1_000.0, 200)] * 10
    assert overloaded(late).kept_up() == [0.0, 0.1]


def test_the_neighbours_answers_are_those_before_and_those_meanwhile() -> None:
    run = overloaded([])
    assert set(run.neighbour(meanwhile=False)) == {10.0}
    assert set(run.neighbour(meanwhile=True)) == {100.0}


def test_it_is_over_when_others_are_answered_as_before_and_nothing_waits() -> None:
    assert overloaded([]).recovered() == 0.0
    assert 1.9 <= overloaded([], late_until=BEGAN + SECONDS + 2).recovered() <= 2.1
    assert overloaded([], emptied=3.5).recovered() == 3.5
    assert overloaded([], late_until=BEGAN + 100).recovered() > 5
