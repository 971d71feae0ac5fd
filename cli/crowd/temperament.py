"""How people differ: who presses twice, who gives up, who never comes, who cheats. Drawn, not decided on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from random import Random


class Payment(Enum):
    """How often the shop reports the purchase: once, again (a retry), or again under another order number."""

    ONCE = "once"
    SAME_ORDER_AGAIN = "same order again"
    OTHER_ORDER_AGAIN = "other order again"


@dataclass(frozen=True, slots=True)
class Temperament:
    """One person's ways. `patience` is the seconds after which the person gives up waiting; None waits to the end.

    A person who `vanishes` closes the page while waiting; one who is a `no_show` sees the grant and lets it lapse;
    one who `changes_mind` hands the grant back.
    """

    session_first: bool = False
    presses: int = 1
    listens: bool = False
    patience: float | None = None
    vanishes: bool = False
    no_show: bool = False
    changes_mind: bool = False
    forges: bool = False
    payment: Payment = Payment.ONCE
    shopping_seconds: float = 0.5


Change = Callable[[Temperament, Random, float], Temperament]
"""From the person as drawn so far, a source of chance and the run's duration in seconds: the person with a way more."""


@dataclass(frozen=True, slots=True)
class Role:
    """A share of the people behaves in a way of its own; at least one does, so that small crowds show it too."""

    share: float
    change: Change
    most: int | None = None


ENDINGS = (
    Role(0.06, lambda person, chance, duration: replace(person, patience=chance.uniform(0.1, 0.5) * duration)),
    Role(0.02, lambda person, _chance, _duration: replace(person, vanishes=True)),
    Role(0.02, lambda person, _chance, _duration: replace(person, no_show=True)),
    Role(0.01, lambda person, _chance, _duration: replace(person, changes_mind=True)),
    Role(0.02, lambda person, _chance, _duration: replace(person, payment=Payment.SAME_ORDER_AGAIN)),
    Role(0.02, lambda person, _chance, _duration: replace(person, payment=Payment.OTHER_ORDER_AGAIN)),
    Role(0.004, lambda person, _chance, _duration: replace(person, forges=True), most=40),
)
"""What makes a life end as it does: nobody has two of these."""

HABITS = (
    Role(0.10, lambda person, _chance, _duration: replace(person, session_first=True)),
    Role(0.05, lambda person, _chance, _duration: replace(person, presses=2)),
)
"""What goes with any ending."""


@dataclass(frozen=True, slots=True)
class _Casting:
    cast: list[Temperament]
    duration: float
    chance: Random

    def give(self, role: Role, candidates: list[int]) -> None:
        people = len(self.cast)
        count = min(len(candidates), max(1, round(role.share * people)), people if role.most is None else role.most)
        for index in candidates[:count]:
            self.cast[index] = role.change(self.cast[index], self.chance, self.duration)
        del candidates[:count]

    def shuffled(self) -> list[int]:
        return self.chance.sample(range(len(self.cast)), len(self.cast))


def cast(people: int, duration: float, listeners: int, chance: Random) -> list[Temperament]:
    """The temperaments of `people`, in order of arrival, at most `listeners` of whom listen to event streams.

    `duration` (seconds) scales patience and shopping.
    """
    shopping = (min(2.0, duration / 30 * chance.expovariate(2.0)) for _ in range(people))
    casting = _Casting([Temperament(shopping_seconds=seconds) for seconds in shopping], duration, chance)
    endings = casting.shuffled()
    for role in ENDINGS:
        casting.give(role, endings)
    listening = Role(0.05, lambda person, _chance, _duration: replace(person, listens=True), most=listeners)
    for role in (*HABITS, listening):
        casting.give(role, casting.shuffled())
    return casting.cast
