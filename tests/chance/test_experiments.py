"""Every experiment with chance finds what it is there for, in fewer draws than `make chance` makes."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from domain.fairness.permutation import PermutedOrder
from tests.chance.__main__ import judged
from tests.chance.drawn import Entered, crowd, likely, odds
from tests.chance.experiments import (
    CELLS,
    EXPERIMENTS,
    GROUPS,
    HOUSEHOLDS,
    Counts,
    Experiment,
    Verdict,
    evenly,
    everywhere,
    exactly,
    far,
    is_bijection,
    outcomes,
    standing,
    unmoved,
    weighted,
    wins,
)
from tests.support.chance import seed_of

FEW = 500
QUICK = [one for one in EXPERIMENTS if one.draws is None and "100" not in one.sentence]


def first_wins_instead(draws: Sequence[int]) -> Counts:
    """In one draw of four, the first entry of 40 has the place of another."""
    seen = wins(crowd(40), 10, draws)
    for number in draws:
        if number % 4 == 0:
            seen[0] += 1
            seen[1 + number // 4 % 39] -= 1
    return seen


def early_ones_win(draws: Sequence[int]) -> Counts:
    """Each winner entered one place earlier than whoever was drawn."""
    honest = standing(crowd(100), 30, draws)
    return Counter({"numbers": honest["numbers"] - 30 * len(draws)})


def of_a_line_of_fewer(draws: Sequence[int]) -> Counts:
    """The last quarter of a line is never reached."""
    return Counter({cell * 3 // 4: often for cell, often in far(0, 65_537, draws).items()})


CROOKED = [
    ("the first wins more often", Experiment("", first_wins_instead, partial(evenly, 40, 10))),
    (
        "tickets count for nothing",
        Experiment("", partial(outcomes, crowd(5), 3), partial(exactly, likely(weighted(1, 1, 2, 3, 5), 3))),
    ),
    (
        "tickets count for less than they say",
        Experiment("", partial(outcomes, weighted(1, 2, 3), 1), partial(exactly, likely(weighted(1, 2, 6), 1))),
    ),
    (
        "a group needs one place only",
        Experiment("", partial(outcomes, crowd(7), 4), partial(exactly, likely(GROUPS, 4))),
    ),
    (
        "a household wins with all its entries",
        Experiment("", partial(outcomes, crowd(7), 3), partial(exactly, likely(HOUSEHOLDS, 3))),
    ),
    ("whoever comes early wins more often", Experiment("", early_ones_win, partial(unmoved, 100, 30))),
    ("nobody stands in the last quarter", Experiment("", of_a_line_of_fewer, partial(everywhere, CELLS))),
]


@pytest.mark.parametrize("one", QUICK, ids=lambda one: one.sentence)
def test_what_the_command_shows_holds_in_a_few_draws_too(one: Experiment) -> None:
    assert judged(one, FEW).holds


@pytest.mark.parametrize("one", [one for _, one in CROOKED], ids=[name for name, _ in CROOKED])
def test_a_crooked_draw_is_noticed(one: Experiment) -> None:
    assert not judged(one, FEW).holds


def test_an_order_that_loses_a_ticket_is_no_bijection() -> None:
    class Lossy(PermutedOrder):
        def rank_of(self, ticket: int) -> int:
            return super().rank_of(max(ticket, 1))

    class OneWay(PermutedOrder):
        def ticket_at(self, rank: int) -> int:
            return rank

    sizes = range(2, 40)
    assert all(is_bijection(PermutedOrder(seed_of(size), size)) for size in sizes)
    assert not any(is_bijection(Lossy(seed_of(size), size)) for size in sizes)
    assert not is_bijection(OneWay(seed_of(1), 40))


def test_slices_count_every_draw_once() -> None:
    def all_of(seen: Counts, draws: int) -> Verdict:
        return Verdict(float(seen != Counter(range(draws))), 0.0)

    assert judged(Experiment("", Counter, all_of), FEW).holds
    assert judged(Experiment("", Counter, all_of, draws=7), FEW).holds


def test_exact_shares_are_those_of_the_rules() -> None:
    assert odds(likely(crowd(4), 1), 4) == pytest.approx([1 / 4] * 4)
    assert odds(likely(weighted(1, 3), 1), 2) == pytest.approx([1 / 4, 3 / 4])
    assert odds(likely((Entered(people=2), Entered(), Entered()), 2), 3) == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert odds(likely((Entered(household=1), Entered(household=1)), 2), 2) == pytest.approx([1 / 2, 1 / 2])
