"""One turn at a time: who is skipped, passed over, or wins."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from domain.fairness.draws import Candidate, Fate, Lot, consider, next_turn
from domain.fairness.draws.waiting import Waiting

UNNAMED = ""


class Line:
    """Candidates on lists."""

    def __init__(self, *order: Candidate, passed: Candidate | None = None, requeued: Candidate | None = None) -> None:
        self.order, self.passed, self.requeued = order, passed, requeued

    def first_reached(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Whoever is next of those who were not reached."""
        ahead = [one for one in self.order if one.prize in lots and (one.turn or 0) >= lots[one.prize].reached]
        return ahead[0] if ahead else None

    def first_passed(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """The group that was passed over, if it fits."""
        return self.passed if self.passed and self.passed.people <= lots[UNNAMED].free else None

    def first_requeued(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Who was requeued, if it fits."""
        return self.requeued if self.requeued and self.requeued.people <= lots[UNNAMED].free else None


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
    reached = replace(candidate, turn=3)
    turn = consider(Lot(free=2, reached=3), reached)
    assert (turn.candidate, turn.fate) == (reached, fate)
    assert turn.after == Lot(free=free, reached=4)


def test_groups_that_were_passed_over_come_first_then_the_order_then_those_who_were_requeued() -> None:
    passed, first = Candidate(1, 0, people=2, turn=0), Candidate(2, 1, turn=1)
    requeued = Candidate(3, None)
    line = Line(passed, first, passed=passed, requeued=requeued)
    turn = next_turn({UNNAMED: Lot(free=2, reached=1)}, line)
    assert turn and turn.candidate is passed and turn.after == Lot(free=0, reached=1)
    turn = next_turn({UNNAMED: Lot(free=1, reached=1)}, line)
    assert turn and turn.candidate is first and turn.after == Lot(free=0, reached=2)
    turn = next_turn({UNNAMED: Lot(free=1, reached=2)}, line)
    assert turn and turn.candidate is requeued and turn.fate is Fate.WINS


def test_a_fill_is_done_when_no_place_is_free_or_nobody_fits() -> None:
    group = Candidate(1, 0, people=2, turn=0)
    assert next_turn({UNNAMED: Lot(free=0)}, Line(group)) is None
    assert next_turn({UNNAMED: Lot(free=1, reached=1)}, Line(group, passed=group, requeued=group)) is None


def test_only_prizes_with_free_places_are_given_away() -> None:
    stalls, balcony = Candidate(1, 0, prize="stalls", turn=0), Candidate(2, 1, prize="balcony", turn=1)
    turn = next_turn({"stalls": Lot(0), "balcony": Lot(1), UNNAMED: Lot(1)}, Line(stalls, balcony))
    assert turn and turn.candidate is balcony and turn.after == Lot(free=0, reached=2)


def test_places_given_back_are_free_again() -> None:
    assert Lot(free=0, reached=4).freed(3) == Lot(free=3, reached=4)


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
        waiting.add(Candidate(one, one, people), (UNNAMED,), one)
    found = waiting.first({UNNAMED: Lot(free)}, lambda number, _: is_in(number))
    assert (found and found.number) == number


@pytest.mark.parametrize(
    ("free", "number", "prize"),
    [({"a": 1}, 2, "a"), ({"b": 1}, 2, "b"), ({"a": 1, "b": 1}, 2, "b"), ({"b": 2}, 1, "b"), ({"c": 1}, None, None)],
)
def test_whoever_waits_for_several_prizes_gets_the_first_that_fits(
    free: dict[str, int], number: int | None, prize: str | None
) -> None:
    waiting = Waiting()
    waiting.add(Candidate(1, None, people=2), ("a", "b"), 0)
    waiting.add(Candidate(2, None), ("b", "a"), 1)
    found = waiting.first({name: Lot(places) for name, places in free.items()}, lambda *_: True)
    assert (found and found.number, found and found.prize) == (number, prize)
