"""Who wins, one turn at a time: the rules by which free places are filled along the order.

Pure and small, so that whoever fills places and whoever checks them follow the same lines. A draw without prizes is one
prize without a name, that everybody wants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

UNNAMED: Final = ""
"""The prize of a draw without prizes."""


class Fate(Enum):
    """What a turn decides about a candidate."""

    SKIPPED = "skipped"
    """Not in the pool any more, or has won before, or is a duplicate that does not count."""

    PASSED = "passed"
    """Needs more places than are free, and stays first for places that fit."""

    WINS = "wins"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry whose turn it may be, to win this prize; rank and turn are none for one that was requeued.

    `in_pool`: it is in, and has never won.
    """

    number: int
    rank: int | None
    people: int = 1
    in_pool: bool = True
    is_duplicate: bool = False
    prize: str = UNNAMED
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """The places of one prize that are `free`, and how far its turns were followed: `reached` is the next."""

    free: int
    reached: int = 0

    def freed(self, places: int) -> "Lot":
        """Return it with places given back."""
        return Lot(self.free + places, self.reached)


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision, and the lot of the candidate's prize after it."""

    candidate: Candidate
    fate: Fate
    after: Lot


class Standing(Protocol):
    """Where candidates come from. `lots` are those that have free places, by their prizes; there is at least one."""

    def first_passed(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Return the group of the smallest turn that was passed over, is still in and fits into its prize's places."""

    def first_reached(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Return whoever has the smallest turn that the lot of its prize has not reached; none at the end of the order."""

    def first_requeued(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Return the first that was requeued, is still in and fits, for the first of its preferences that fits."""


def next_turn(lots: Mapping[str, Lot], standing: Standing) -> Turn | None:
    """Decide the next turn of a fill; none when no place is free or nobody that is left fits.

    Groups that were passed over come first, then the turns that were not reached, then those who were requeued.
    """
    free = {prize: lot for prize, lot in lots.items() if lot.free}
    if not free:
        return None
    passed = standing.first_passed(free)
    if passed is not None:
        return win(free[passed.prize], passed)
    reached = standing.first_reached(free)
    if reached is not None:
        return consider(free[reached.prize], reached)
    requeued = standing.first_requeued(free)
    return None if requeued is None else win(free[requeued.prize], requeued)


def consider(lot: Lot, candidate: Candidate) -> Turn:
    """Decide about whoever is reached next in the order."""
    past = lot if candidate.turn is None else Lot(lot.free, candidate.turn + 1)
    if not candidate.in_pool or candidate.is_duplicate:
        return Turn(candidate, Fate.SKIPPED, past)
    if candidate.people > lot.free:
        return Turn(candidate, Fate.PASSED, past)
    return win(past, candidate)


def win(lot: Lot, candidate: Candidate) -> Turn:
    """Let a candidate that fits win: an entry takes places for all its people."""
    return Turn(candidate, Fate.WINS, Lot(lot.free - candidate.people, lot.reached))


def first_that_fits(preferences: Sequence[str], people: int, lots: Mapping[str, Lot]) -> str | None:
    """Return the first of an entry's preferences that has free places for all its people."""
    return next((prize for prize in preferences if prize in lots and people <= lots[prize].free), None)
