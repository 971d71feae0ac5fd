"""How entrants differ: who has two tickets, who comes as a group, who shares a household, who leaves again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random

ARRIVALS = 0.6
"""Share of the time in which the draw takes entries after which the last one comes."""


@dataclass(frozen=True, slots=True)
class Whim:
    """One entrant's ways. `comes_after` is in seconds since the draw opened; `household` is what some have in common."""

    comes_after: float = 0.0
    tickets: int = 1
    people: int = 1
    household: str = ""
    presses: int = 1
    leaves: bool = False


Change = Callable[[Whim, int], Whim]
"""From the whim as it is and how many had this way before: the whim with a way more."""

WAYS: tuple[tuple[float, int, Change], ...] = (
    (0.15, 1, lambda whim, _before: replace(whim, tickets=2)),
    (0.10, 1, lambda whim, _before: replace(whim, people=2)),
    (0.15, 2, lambda whim, before: replace(whim, household=f"household {before // 2}")),
    (0.10, 1, lambda whim, _before: replace(whim, presses=2)),
    (0.08, 1, lambda whim, _before: replace(whim, leaves=True)),
)
"""A share of the entrants, at least so many, and what they do; any two may meet in one person."""


def whims(entrants: int, seconds: float, chance: Random) -> list[Whim]:
    """The ways of so many entrants of a draw that takes entries for so many seconds."""
    drawn = [Whim(chance.random() * seconds * ARRIVALS) for _ in range(entrants)]
    for share, least, change in WAYS:
        several = min(entrants, max(least, round(share * entrants)))
        for before, index in enumerate(chance.sample(range(entrants), several)):
            drawn[index] = change(drawn[index], before)
    return drawn


def second_thoughts() -> Iterator[bool]:
    """Whether each winner in turn thinks better of it: the first does, and every fifth from there."""
    return (winner % 5 == 0 for winner in count())
