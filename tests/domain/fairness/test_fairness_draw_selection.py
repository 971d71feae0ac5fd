"""One turn at a time: who is skipped, passed over, or wins."""

from collections.abc import Callable

import pytest

from domain.fairness.draws import Candidate, Fate, Selection, consider, next_turn
from domain.fairness.draws.selection import Waiting


class Line:
    """Candidates on lists."""

    def __init__(self, *order: Candidate, passed: Candidate | None = None, requeued: Candidate | None = None) -> None:
        self.order, self.passed, self.requeued = order, passed, requeued

    def at(self, rank: int) -> Candidate:
        """Whoever has this rank."""
        return self.order[rank]

    def first_passed(self, free: int) -> Candidate | None:
        """The group that was passed over, if it fits."""
        return self.passed if self.passed and self.passed.people <= free else None

    def first_requeued(self, free: int) -> Candidate | None:
        """Who was requeued, if it fits."""
        return self.requeued if self.requeued and self.requeued.people <= free else None


@pytest.mark.parametrize(
    ("candidate", "fate", "free"),
    [
        (Candidate(7, 3), Fate.WINS, 1),
        (Candidate(7, 3, people=2), Fate.WINS, 0),
        (Candidate(7, 3, people=3), Fate.PASSED, 2),
        (Candidate(7, 3, in_pool=False), Fate.SKIPPED, 2),
        (Candidate(7, 3, is_duplicate=True), Fate.SKIPPED, 2),
        (Candidate(7, 3, people=3, is_duplicate=True), Fate.SKIPPED, 2),
    ],
)
def test_whoever_is_reached_is_skipped_passed_over_or_wins(candidate: Candidate, fate: Fate, free: int) -> None:
    turn = consider(Selection(free=2, end=10, reached=3), candidate)
    assert (turn.candidate, turn.fate) == (candidate, fate)
    assert turn.after == Selection(free=free, end=10, reached=4)


def test_groups_that_were_passed_over_come_first_then_the_order_then_those_who_were_requeued() -> None:
    passed, first, requeued = Candidate(1, 0, people=2), Candidate(2, 1), Candidate(3, None)
    line = Line(passed, first, passed=passed, requeued=requeued)
    turn = next_turn(Selection(free=2, end=2, reached=1), line)
    assert turn and turn.candidate is passed and turn.after == Selection(free=0, end=2, reached=1)
    turn = next_turn(Selection(free=1, end=2, reached=1), line)
    assert turn and turn.candidate is first and turn.after == Selection(free=0, end=2, reached=2)
    turn = next_turn(Selection(free=1, end=2, reached=2), line)
    assert turn and turn.candidate is requeued and turn.fate is Fate.WINS


def test_a_fill_is_done_when_no_place_is_free_or_nobody_fits() -> None:
    group = Candidate(1, 0, people=2)
    assert next_turn(Selection(free=0, end=1), Line(group)) is None
    assert next_turn(Selection(free=1, end=1, reached=1), Line(group, passed=group, requeued=group)) is None


def test_places_given_back_are_free_again_and_the_end_can_move() -> None:
    assert Selection(free=0, end=9, reached=4).freed(3).until(6) == Selection(free=3, end=6, reached=4)


@pytest.mark.parametrize(
    ("free", "is_in", "number"),
    [
        (3, lambda _: True, 1),
        (2, lambda _: True, 2),
        (1, lambda _: True, 4),
        (0, lambda _: True, None),
        (3, lambda number: number != 1, 2),
        (2, lambda number: number != 2, 3),
        (3, lambda _: False, None),
    ],
)
def test_the_first_that_fits_and_is_still_in_is_taken_from_those_who_wait(
    free: int, is_in: Callable[[int], bool], number: int | None
) -> None:
    waiting = Waiting()
    for one, people in ((1, 3), (2, 2), (3, 2), (4, 1)):
        waiting.add(Candidate(one, one, people))
    found = waiting.first(free, is_in)
    assert (found and found.number) == number


def test_whoever_was_taken_out_waits_no_more() -> None:
    waiting = Waiting()
    for number in (1, 2):
        waiting.add(Candidate(number, number, 2))
    waiting.remove_first(2)
    found = waiting.first(5, lambda _: True)
    assert found is not None and found.number == 2
