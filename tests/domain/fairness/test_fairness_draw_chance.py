"""Who wins a draw is chance alone, in proportion to tickets, and coming early is worth nothing.

Seeds are fixed, so a test that passes once passes always; each bound is one that chance exceeds once in 10,000 times.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from math import prod, sqrt
from uuid import UUID

import pytest

from domain.fairness import DrawEntry
from domain.fairness.draws import UNNAMED
from domain.fairness.draws.places import Places
from domain.fairness.draws.roll import DrawOrder, Roll
from tests.support.chance import ONE_IN_TEN_THOUSAND, chi_square, chi_square_of, critical, seed_of


def winners(seed: bytes, weights: Sequence[int], places: int) -> list[int]:
    """Who wins a draw of single entries with these tickets, in the order in which they win."""
    roll, first = Roll(), 0
    for number, tickets in enumerate(weights):
        roll.add(DrawEntry(number, first, UUID(int=number), 0, tickets))
        first += tickets
    drawn = Places(roll, DrawOrder(seed, roll.tickets), {UNNAMED: places})
    assert drawn.fill() is None
    return list(drawn.holding)


def likelihood(drawn: Sequence[int], weights: Sequence[int]) -> float:
    """How likely these are drawn in this order, without replacement, each in proportion to tickets."""
    left = [sum(weights) - sum(weights[number] for number in drawn[:at]) for at in range(len(drawn))]
    return prod(weights[number] / rest for number, rest in zip(drawn, left, strict=True))


def unevenness(seen: Counter[int], entries: int, places: int, draws: int) -> float:
    """The chi-square of wins by entry; a draw that picks `places` of `entries` spreads wins a little more evenly."""
    share = places / entries
    spread = draws * share * (1 - share) * entries / (entries - 1)
    return sum((seen[number] - draws * share) ** 2 for number in range(entries)) / spread


@pytest.mark.parametrize(("entries", "places"), [(40, 10), (40, 1), (13, 12), (100, 30)])
def test_every_entry_number_wins_equally_often(entries: int, places: int) -> None:
    draws, seen = 2_000, Counter[int]()
    for number in range(draws):
        seen.update(winners(seed_of(number), [1] * entries, places))
    assert seen.total() == draws * places
    assert unevenness(seen, entries, places, draws) < critical(entries - 1)


def test_a_draw_that_favours_the_first_would_have_been_noticed() -> None:
    seen = Counter[int]()
    for number in range(2_000):
        drawn = winners(seed_of(number), [1] * 40, 10)
        seen.update([0, *drawn[1:]] if number % 10 == 0 and 0 not in drawn else drawn)
    assert unevenness(seen, 40, 10, 2_000) > critical(39)


@pytest.mark.parametrize("weights", [[1, 1, 2, 3, 5], [1, 1_000, 1_000], [7, 7, 7, 7], [1, 2, 3, 4]])
@pytest.mark.parametrize("places", [1, 2, 3])
def test_tickets_count_as_in_exact_sampling_without_replacement(weights: list[int], places: int) -> None:
    draws = 400 if max(weights) > 100 else 4_000
    likely = {drawn: likelihood(drawn, weights) for drawn in permutations(range(len(weights)), places)}
    assert sum(likely.values()) == pytest.approx(1)
    seen = Counter(tuple(winners(seed_of(number), weights, places)) for number in range(draws))
    # Because the statistic is one of chi-square only where a few are expected, rare outcomes are counted as one.
    rare = {drawn for drawn, share in likely.items() if share * draws < 5}
    common = {drawn: share for drawn, share in likely.items() if drawn not in rare}
    if rare and sum(likely[drawn] for drawn in rare) * draws >= 5:
        common[()] = sum(likely[drawn] for drawn in rare)
    assert chi_square_of(Counter(drawn if drawn in common else () for drawn in seen.elements()), common) < critical(
        len(common) - 1
    )


def test_who_has_more_tickets_would_have_been_noticed_if_they_counted_for_nothing() -> None:
    likely = {(number,): tickets / 12 for number, tickets in enumerate([1, 1, 2, 3, 5])}
    seen = Counter(tuple(winners(seed_of(number), [1] * 5, 1)) for number in range(4_000))
    assert chi_square_of(seen, likely) > critical(4)


@pytest.mark.parametrize("weights", [[1] * 20_000, [1, 2, 3, 4] * 5_000], ids=["one ticket", "one to four tickets"])
@pytest.mark.parametrize("share", [0.01, 0.5])
def test_when_somebody_entered_and_whether_they_won_are_unrelated(weights: list[int], share: float) -> None:
    entries, places = len(weights), int(len(weights) * share)
    drawn = DrawOrder(seed_of(places), array("H", weights)).numbers[:places]
    mean = (entries - 1) / 2
    # The sum of the winners' numbers: its variance for `places` of `entries` drawn without replacement.
    spread = sqrt(places * (entries - places) * (entries + 1) / 12)
    assert abs(sum(drawn) - places * mean) / spread < ONE_IN_TEN_THOUSAND


def test_neighbours_win_together_no_more_often_than_strangers() -> None:
    both: Counter[object] = Counter()
    for number in range(3_000):
        drawn = set(winners(seed_of(number), [1] * 20, 10))
        both[(4 in drawn, 5 in drawn)] += 1
    together = 10 / 20 * 9 / 19
    likely = {
        (True, True): together,
        (False, False): together,
        (True, False): 0.5 - together,
        (False, True): 0.5 - together,
    }
    assert chi_square_of(both, likely) < critical(3)
    assert chi_square(Counter(pair[0] for pair in both.elements()), 2) < critical(1)  # type: ignore[index]
