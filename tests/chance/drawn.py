"""Draws by the rules of the product, and their exact probabilities by the plainest rules there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod
from uuid import UUID

from domain.fairness import NO_HASH, DrawEntry
from domain.fairness.draws import UNNAMED
from domain.fairness.draws.places import Places
from domain.fairness.draws.roll import DrawOrder, Roll
from tests.support.chance import seed_of

Winners = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry: its tickets, the places it takes as a whole, and the household of which one counts."""

    tickets: int = 1
    people: int = 1
    household: int = 0


def crowd(number: int) -> tuple[Entered, ...]:
    """So many single entries with one ticket each."""
    return (Entered(),) * number


def roll_of(entered: Sequence[Entered]) -> Roll:
    """These entries, in their order."""
    roll, first = Roll(), 0
    for number, one in enumerate(entered):
        key = one.household.to_bytes(len(NO_HASH), "big")
        roll.add(DrawEntry(number, first, UUID(int=number), 0, one.tickets, one.people, key))
        first += one.tickets
    return roll


def winners(entered: Sequence[Entered], places: int, draws: Sequence[int]) -> Iterator[Winners]:
    """Who wins in each of these draws, in the order of winning: the first fill, as the worker and the verifier have it."""
    roll = roll_of(entered)
    for number in draws:
        drawn = Places(roll, DrawOrder(seed_of(number), roll.tickets), {UNNAMED: places})
        while (passed := drawn.fill()) is not None:
            drawn.take(passed)
        yield tuple(drawn.holding)


def likely(entered: Sequence[Entered], places: int) -> dict[Winners, float]:
    """The exact probability of every outcome: all orders of all entries, each as likely as tickets make it."""
    found = Counter[Winners]()
    for order in permutations(range(len(entered))):
        found[_won(order, entered, places)] += _likelihood(order, entered)  # type: ignore[assignment] # shares, not counts
    return dict(found)


def odds(shares: dict[Winners, float], entries: int) -> list[float]:
    """How likely each entry is to win."""
    return [sum(share for won, share in shares.items() if number in won) for number in range(entries)]


def _won(order: Sequence[int], entered: Sequence[Entered], places: int) -> Winners:
    """Along the order: who fits wins, but for those whose household had its turn."""
    won, free, met = list[int](), places, set[int]()
    for number in order:
        one = entered[number]
        if one.household and one.household in met:
            continue
        met.add(one.household)
        if one.people <= free:
            won.append(number)
            free -= one.people
    return tuple(won)


def _likelihood(order: Sequence[int], entered: Sequence[Entered]) -> float:
    """How likely all are drawn in this order, without replacement, each in proportion to tickets."""
    weights = [entered[number].tickets for number in order]
    return prod(weight / sum(weights[at:]) for at, weight in enumerate(weights))
