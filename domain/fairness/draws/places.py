"""The places of a draw while they are filled: who holds some, who is next, who waits."""

from collections.abc import Mapping

from domain.fairness.draws.pool import Pool
from domain.fairness.draws.roll import DrawOrder, Roll
from domain.fairness.draws.selection import UNNAMED, Fate, Lot, Turn, next_turn


class Places:
    """All places of each prize, free at first, and the order along which they are given away.

    `holding` has the prize of each entry that wins, by its number.
    """

    def __init__(self, roll: Roll, order: DrawOrder, places: Mapping[str, int]) -> None:
        self._roll, self._pool = roll, Pool(roll, order, tuple(places))
        self._lots = {prize: Lot(free) for prize, free in places.items()}
        self.holding: dict[int, str] = {}

    @property
    def free(self) -> int:
        """How many places nobody holds."""
        return sum(lot.free for lot in self._lots.values())

    def free_of(self, prize: str) -> int:
        """How many places of a prize nobody holds."""
        return self._lots[prize].free

    def end_after(self, alternates: int | None) -> None:
        """Let only so many more be reached; all of them for none, as always where there are prizes."""
        if alternates is not None:
            self._pool.end = min(self._pool.end, self._lots[UNNAMED].reached + alternates)

    def next(self) -> Turn | None:
        """Return the next turn that is no skip, none at the end of a fill; who is skipped once never comes back."""
        turn = next_turn(self._lots, self._pool)
        while turn is not None and turn.fate is Fate.SKIPPED:
            self._lots[turn.candidate.prize] = turn.after
            turn = next_turn(self._lots, self._pool)
        return turn

    def fill(self) -> Turn | None:
        """Let everybody win up to the next who is passed over, and return that turn; none at the end of the fill."""
        turn = self.next()
        while turn is not None and turn.fate is Fate.WINS:
            self.take(turn)
            turn = self.next()
        return turn

    def take(self, turn: Turn) -> None:
        """Do what a turn decides."""
        candidate = turn.candidate
        if turn.fate is Fate.PASSED:
            self._pool.passed(candidate, turn.after.reached)
        else:
            self._pool.won(candidate)
            self.holding[candidate.number] = candidate.prize
        self._lots[candidate.prize] = turn.after

    def give_back(self, number: int) -> None:
        """Free the places of an entry. Raises ValueError when it holds none."""
        prize = self.holding.pop(number, None)
        if prize is None:
            raise ValueError(f"entry {number} holds no places")
        self._lots[prize] = self._lots[prize].freed(self._roll.people(number))

    def requeue(self, number: int) -> None:
        """Free the places of an entry, and let it wait behind the last alternate."""
        self.give_back(number)
        self._pool.requeued(number)
