"""Where the candidates of a draw come from, once its order is known."""

from array import array
from collections.abc import Mapping, Sequence

from domain.fairness.draws.roll import DrawOrder, Roll
from domain.fairness.draws.selection import UNNAMED, Candidate, Lot
from domain.fairness.draws.waiting import Waiting


class Pool:
    """Everybody whose turn may come: the order, the groups that were passed over, those who were requeued.

    Turns before `end` are reached, for those of a prize in ascending order.
    """

    def __init__(self, roll: Roll, order: DrawOrder, prizes: Sequence[str]) -> None:
        """Know the turns of each of these prizes; one without a name is wanted by everybody."""
        self._roll, self._order, self._size = roll, order, len(order.numbers)
        self._turns = _turns(roll, order, prizes)
        self._next = dict.fromkeys(self._turns, 0)
        self._passed, self._requeued = Waiting(), Waiting()
        self._won = bytearray(len(roll))
        self._behind: dict[int, int] = {}
        self._times_requeued = 0
        self._counts = _counting(roll, order)
        self.end = self._size * len(prizes)

    def first_passed(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Return the group of the smallest turn that was passed over, is still in and fits into its prize's places."""
        return self._passed.first(lots, self._never_won)

    def first_reached(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Return whoever has the smallest turn that the lot of its prize has not reached; none at the end of the order."""
        ahead = [(turn, prize) for prize in lots if (turn := self._turn_after(prize, lots[prize].reached)) < self.end]
        if not ahead:
            return None
        turn, prize = min(ahead)
        rank = turn % self._size
        number = self._order.numbers[rank]
        in_pool = self._never_won(number, rank)
        return Candidate(number, rank, self._roll.people(number), in_pool, self._is_duplicate(number), prize, turn)

    def first_requeued(self, lots: Mapping[str, Lot]) -> Candidate | None:
        """Return the first that was requeued, is still in and fits, for the first of its preferences that fits."""
        return self._requeued.first(lots, self._is_behind)

    def passed(self, candidate: Candidate, reached: int) -> None:
        """Let a group wait for places of the prize, which has reached its turn by it. Turns of a prize come in order."""
        self._passed.add(candidate, (candidate.prize,), reached)

    def requeued(self, number: int) -> None:
        """Let an entry wait behind the last alternate."""
        self._behind[number] = self._times_requeued
        preferences = self._roll.preferences(number) or (UNNAMED,)
        self._requeued.add(Candidate(number, None, self._roll.people(number)), preferences, self._times_requeued)
        self._times_requeued += 1

    def won(self, candidate: Candidate) -> None:
        """Let a candidate wait no longer, for no prize."""
        self._won[candidate.number] = True
        self._behind.pop(candidate.number, None)

    def _turn_after(self, prize: str, reached: int) -> int:
        turns, at = self._turns[prize], self._next[prize]
        while at < len(turns) and turns[at] < reached:
            at += 1
        self._next[prize] = at
        return turns[at] if at < len(turns) else self.end

    def _never_won(self, number: int, _place: int) -> bool:
        return self._roll.is_in(number) and not self._won[number]

    def _is_behind(self, number: int, place: int) -> bool:
        return self._roll.is_in(number) and self._behind.get(number) == place

    def _is_duplicate(self, number: int) -> bool:
        """Whether another one in the pool with the same key has a better rank; it counts though it is denied later."""
        key = self._roll.duplicate_key(number) if self._counts else None
        return key is not None and self._counts.get(key, number) != number


def _turns(roll: Roll, order: DrawOrder, prizes: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """For each prize the turns at which somebody wants it: round by round, each along the order."""
    size = len(order.numbers)
    if prizes == (UNNAMED,):
        return {UNNAMED: range(size)}
    turns = {prize: array("Q") for prize in prizes}
    for round_ in range(roll.most_preferences):
        for rank, number in enumerate(order.numbers):
            preferences = roll.preferences(number)
            if round_ < len(preferences) and preferences[round_] in turns:
                turns[preferences[round_]].append(round_ * size + rank)
    return turns


def _counting(roll: Roll, order: DrawOrder) -> dict[bytes, int]:
    """Of the entries in the pool with one duplicate key the one that counts: that of the best rank."""
    counts: dict[bytes, int] = {}
    if roll.has_keys:
        for number in order.numbers:
            key = roll.duplicate_key(number)
            if key is not None and roll.was_drawn(number):
                counts.setdefault(key, number)
    return counts
