"""What is held against chance: each experiment counts something over many draws, and says how far that may be off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

from domain.fairness.cohort import CohortOrder
from domain.fairness.order import RANKED_LIMIT, ranked_order
from domain.fairness.permutation import permuted_order
from tests.chance.drawn import Entered, Winners, crowd, likely, winners
from tests.support.chance import ONE_IN_TEN_THOUSAND, chi_square_of, critical, seed_of

Counts = Counter[Any]
FEWEST_EXPECTED = 5
"""Outcomes that are expected less often are counted as one, because the statistic is one of chi-square only above."""
CELLS = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """A statistic, and the bound that chance exceeds once in 10,000 times."""

    statistic: float
    bound: float

    @property
    def holds(self) -> bool:
        """Whether chance alone may have done this."""
        return self.statistic <= self.bound


@dataclass(frozen=True, slots=True)
class Experiment:
    """A sentence, what is counted over draws of these numbers, and what the counts of so many draws say about it.

    `draws` is how many there are where it is not for the caller to say.
    """

    sentence: str
    count: Callable[[Sequence[int]], Counts]
    judge: Callable[[Counts, int], Verdict]
    draws: int | None = None


def wins(entered: Sequence[Entered], places: int, draws: Sequence[int]) -> Counts:
    """How often each entry wins."""
    return Counter(number for won in winners(entered, places, draws) for number in won)


def outcomes(entered: Sequence[Entered], places: int, draws: Sequence[int]) -> Counts:
    """How often each outcome comes: who wins, in which order."""
    return Counter(winners(entered, places, draws))


def standing(entered: Sequence[Entered], places: int, draws: Sequence[int]) -> Counts:
    """The sum of the numbers of all winners: low, when whoever comes early wins more often."""
    return Counter({"numbers": sum(sum(won) for won in winners(entered, places, draws))})


def together(first: int, second: int, entered: Sequence[Entered], places: int, draws: Sequence[int]) -> Counts:
    """How often of two entries both win, one, or none."""
    return Counter((first in won, second in won) for won in winners(entered, places, draws))


def far(ticket: int, count: int, draws: Sequence[int]) -> Counts:
    """Into which part of a line of so many its bijection puts a ticket."""
    return Counter(permuted_order(seed_of(number), count).rank_of(ticket) * CELLS // count for number in draws)


def torn(limit: int, large: Sequence[int], draws: Sequence[int]) -> Counts:
    """The sizes at which an order is no bijection, or not the same in both directions: all up to a limit, and large ones."""
    broken = Counter[Any]()
    for number in draws:
        size = number + 1 if number < limit else large[number - limit]
        for order_of in (permuted_order, ranked_order) if size <= RANKED_LIMIT else (permuted_order,):
            broken[size] += not is_bijection(order_of(seed_of(number), size))
    return broken


def is_bijection(order: CohortOrder) -> bool:
    """Whether every ticket has a rank of its own, none is left over, and the way back leads back."""
    ranks = [order.rank_of(ticket) for ticket in range(order.count)]
    there = sorted(ranks) == list(range(order.count))
    return there and all(order.ticket_at(rank) == ticket for ticket, rank in enumerate(ranks))


def evenly(entries: int, places: int, seen: Counts, draws: int) -> Verdict:
    """Everybody wins equally often; a draw of `places` of `entries` spreads wins a little more evenly than chance alone."""
    share = places / entries
    spread = draws * share * (1 - share) * entries / (entries - 1)
    off = sum((seen[number] - draws * share) ** 2 for number in range(entries))
    return Verdict(off / spread, critical(entries - 1))


def exactly(shares: dict[Any, float], seen: Counts, draws: int) -> Verdict:
    """Outcomes come as often as their exact probabilities say."""
    common = {outcome: share for outcome, share in shares.items() if share * draws >= FEWEST_EXPECTED}
    rest = 1 - sum(common.values())
    if rest * draws >= FEWEST_EXPECTED:
        common["the rest"] = rest
    told = Counter[Any]()
    for outcome, often in seen.items():
        told[outcome if outcome in common else "the rest"] += often
    return Verdict(chi_square_of(told, common), critical(len(common) - 1))


def unmoved(entries: int, places: int, seen: Counts, draws: int) -> Verdict:
    """When somebody entered says nothing about whether they won: the standard score of the winners' numbers."""
    expected = draws * places * (entries - 1) / 2
    # The variance of the sum of `places` of `entries` numbers, drawn without replacement.
    spread = sqrt(draws * places * (entries - places) * (entries + 1) / 12)
    return Verdict(abs(seen["numbers"] - expected) / spread, ONE_IN_TEN_THOUSAND)


def everywhere(cells: int, seen: Counts, draws: int) -> Verdict:
    """Every part of the line is equally likely."""
    expected = draws / cells
    off = sum((seen[cell] - expected) ** 2 for cell in range(cells))
    return Verdict(off / expected, critical(cells - 1))


def nowhere(seen: Counts, draws: int) -> Verdict:
    """Nothing was found, and so many were looked at."""
    return Verdict(float(seen.total() + (len(seen) != draws)), 0.0)


def of_outcomes(sentence: str, entered: Sequence[Entered], places: int) -> Experiment:
    """An experiment on a draw that is small enough for all its orders to be gone through."""
    shares: dict[Winners, float] = likely(entered, places)
    return Experiment(sentence, partial(outcomes, entered, places), partial(exactly, shares))


def weighted(*tickets: int) -> tuple[Entered, ...]:
    """Single entries with these tickets."""
    return tuple(Entered(tickets=each) for each in tickets)


SIZES = 1_000
LARGE = (65_535, 65_536, 65_537, 65_538, 66_048, 66_049, 66_050, 99_991, 131_072, 262_145)
GROUPS = tuple(Entered(people=people) for people in (1, 1, 1, 1, 2, 2, 3))
HOUSEHOLDS = tuple(Entered(household=household) for household in (1, 1, 1, 2, 2, 0, 0))
ALL_AT_ONCE = (
    Entered(2),
    Entered(1, 2),
    Entered(3, 1, 1),
    Entered(1, 1, 1),
    Entered(1, 3),
    Entered(2, 2, 2),
    Entered(1, 1, 2),
)
_NEIGHBOURS = {
    (True, True): 9 / 38, (False, False): 9 / 38, (True, False): 10 / 38, (False, True): 10 / 38,
}  # fmt: skip

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment("10 of 40 win: everybody equally often", partial(wins, crowd(40), 10), partial(evenly, 40, 10)),
    Experiment("1 of 40 wins: everybody equally often", partial(wins, crowd(40), 1), partial(evenly, 40, 1)),
    Experiment("12 of 13 win: everybody equally often", partial(wins, crowd(13), 12), partial(evenly, 13, 12)),
    of_outcomes("tickets 1, 1, 2, 3, 5: three winners and their order, exactly", weighted(1, 1, 2, 3, 5), 3),
    of_outcomes("tickets 1, 20, 50, 100: two winners and their order, exactly", weighted(1, 20, 50, 100), 2),
    of_outcomes("groups of 1, 1, 1, 1, 2, 2, 3 on 4 places: winners and their order, exactly", GROUPS, 4),
    of_outcomes("households of 3 and 2, two alone, 3 places: winners and their order, exactly", HOUSEHOLDS, 3),
    of_outcomes("tickets, groups and households together, 4 places, exactly", ALL_AT_ONCE, 4),
    Experiment(
        "30 of 100 win: when somebody entered says nothing", partial(standing, crowd(100), 30), partial(unmoved, 100, 30)
    ),
    Experiment(
        "10 of 20 win: neighbours win together as often as strangers", partial(together, 4, 5, crowd(20), 10),
        partial(exactly, _NEIGHBOURS),
    ),
    Experiment(
        "a line of 65,537: the first ticket stands anywhere", partial(far, 0, 65_537), partial(everywhere, CELLS)
    ),
    Experiment(
        "a line of a million: the last ticket stands anywhere", partial(far, 999_999, 1_000_000),
        partial(everywhere, CELLS),
    ),
    Experiment(
        f"sizes 1 to {SIZES:,} and {len(LARGE)} up to {LARGE[-1]:,}: both orders are bijections",
        partial(torn, SIZES, LARGE), nowhere, SIZES + len(LARGE),
    ),
)  # fmt: skip
"""Everything that is held against chance, in the order in which it is told."""
