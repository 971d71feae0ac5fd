"""Where the candidates of a draw come from, once its order is known."""

from domain.fairness.draws.roll import DrawOrder, Roll
from domain.fairness.draws.selection import Candidate, Waiting


class Pool:
    """Everybody whose turn may come: the order, the groups that were passed over, those who were requeued."""

    def __init__(self, roll: Roll, order: DrawOrder) -> None:
        self._roll, self._order = roll, order
        self._passed, self._requeued = Waiting(), Waiting()
        self._counts: dict[bytes, int] = {}

    def at(self, rank: int) -> Candidate:
        """Return whoever has this rank. Ranks are asked for in ascending order."""
        number = self._order.numbers[rank]
        is_duplicate = self._is_duplicate(number)
        return Candidate(number, rank, self._roll.people(number), self._roll.is_in(number), is_duplicate)

    def rank_of(self, number: int) -> int:
        """Return the rank that an entry drew."""
        return self._order.ranks[number]

    def first_passed(self, free: int) -> Candidate | None:
        """Return the group of the best rank that was passed over, is still in and needs at most `free` places."""
        return self._passed.first(free, self._roll.is_in)

    def first_requeued(self, free: int) -> Candidate | None:
        """Return the first that was requeued, is still in and needs at most `free` places."""
        return self._requeued.first(free, self._roll.is_in)

    def passed(self, candidate: Candidate) -> None:
        """Let a group wait for places that fit. Groups are passed over in order of rank."""
        self._passed.add(candidate)

    def requeued(self, number: int) -> None:
        """Let an entry wait behind the last alternate."""
        self._requeued.add(Candidate(number, None, self._roll.people(number)))

    def won(self, candidate: Candidate, reached: int) -> None:
        """Take a candidate out of those who wait, if it waited: its rank lies before the one that was reached last."""
        if candidate.rank is None:
            self._requeued.remove_first(candidate.people)
        elif candidate.rank < reached:
            self._passed.remove_first(candidate.people)

    def _is_duplicate(self, number: int) -> bool:
        """Whether another one in the pool with the same key has a better rank; it counts though it is denied later."""
        key = self._roll.duplicate_key(number)
        if key is None or not self._roll.was_drawn(number):
            return False
        return self._counts.setdefault(key, number) != number
