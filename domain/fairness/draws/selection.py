"""Who wins, one turn at a time: the rules by which free places are filled along the order.

Pure and small, so that whoever fills places and whoever checks them follow the same lines.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Fate(Enum):
    """What a turn decides about a candidate."""

    SKIPPED = "skipped"
    """Not in the pool any more, or a duplicate that does not count."""

    PASSED = "passed"
    """Needs more places than are free, and stays first for places that fit."""

    WINS = "wins"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry whose turn it may be; the rank is none for one that was requeued."""

    number: int
    rank: int | None
    people: int = 1
    in_pool: bool = True
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """How far the order was followed: `reached` is the next rank, `end` the one where it stops, `free` the places left."""

    free: int
    end: int
    reached: int = 0

    def freed(self, places: int) -> "Selection":
        """Return it with places given back."""
        return Selection(self.free + places, self.end, self.reached)

    def until(self, end: int) -> "Selection":
        """Return it with another end of the order."""
        return Selection(self.free, end, self.reached)


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision, and how far the selection is after it."""

    candidate: Candidate
    fate: Fate
    after: Selection


class Standing(Protocol):
    """Where candidates come from."""

    def first_passed(self, free: int) -> Candidate | None:
        """Return the group of the best rank that was passed over, is still in and needs at most `free` places."""

    def at(self, rank: int) -> Candidate:
        """Return whoever has this rank."""

    def first_requeued(self, free: int) -> Candidate | None:
        """Return the first that was requeued, is still in and needs at most `free` places."""


def next_turn(selection: Selection, standing: Standing) -> Turn | None:
    """Decide the next turn of a fill; none when no place is free or nobody that is left fits.

    Groups that were passed over come first, then the order from `reached` on, then those who were requeued.
    """
    if selection.free == 0:
        return None
    passed = standing.first_passed(selection.free)
    if passed is not None:
        return win(selection, passed)
    if selection.reached < selection.end:
        return consider(selection, standing.at(selection.reached))
    requeued = standing.first_requeued(selection.free)
    return None if requeued is None else win(selection, requeued)


def consider(selection: Selection, candidate: Candidate) -> Turn:
    """Decide about whoever is reached next in the order."""
    past = Selection(selection.free, selection.end, selection.reached + 1)
    if not candidate.in_pool or candidate.is_duplicate:
        return Turn(candidate, Fate.SKIPPED, past)
    if candidate.people > selection.free:
        return Turn(candidate, Fate.PASSED, past)
    return win(past, candidate)


def win(selection: Selection, candidate: Candidate) -> Turn:
    """Let a candidate that fits win: an entry takes places for all its people."""
    return Turn(candidate, Fate.WINS, Selection(selection.free - candidate.people, selection.end, selection.reached))


class Waiting:
    """Candidates that wait for places that fit, first come, first served."""

    __slots__ = ("_by_size", "_turns")

    def __init__(self) -> None:
        self._by_size: dict[int, deque[tuple[int, Candidate]]] = {}
        self._turns = 0

    def add(self, candidate: Candidate) -> None:
        """Let a candidate wait behind all who wait already."""
        self._by_size.setdefault(candidate.people, deque()).append((self._turns, candidate))
        self._turns += 1

    def first(self, free: int, is_in: Callable[[int], bool]) -> Candidate | None:
        """Return the first that needs at most `free` places and, by its number, is still in."""
        heads = [line[0] for size, line in self._by_size.items() if size <= free and self._has_somebody(line, is_in)]
        return min(heads, key=lambda head: head[0])[1] if heads else None

    def remove_first(self, people: int) -> None:
        """Take out the first of those who need so many places: it is the one that `first` returned."""
        self._by_size[people].popleft()

    @staticmethod
    def _has_somebody(line: deque[tuple[int, Candidate]], is_in: Callable[[int], bool]) -> bool:
        while line and not is_in(line[0][1].number):
            line.popleft()
        return bool(line)
