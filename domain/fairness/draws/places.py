"""The places of a draw while they are filled: who holds some, who is next, who waits."""

from domain.fairness.draws.pool import Pool
from domain.fairness.draws.roll import DrawOrder, Roll
from domain.fairness.draws.selection import Fate, Selection, Turn, next_turn


class Places:
    """All places, free at first, and the order along which they are given away.

    `holding` has the places of each entry that wins, by its number.
    """

    def __init__(self, roll: Roll, order: DrawOrder, places: int) -> None:
        self._roll, self._pool = roll, Pool(roll, order)
        self._selection = Selection(free=places, end=len(order.numbers))
        self.holding: dict[int, int] = {}

    @property
    def free(self) -> int:
        """How many places nobody holds."""
        return self._selection.free

    @property
    def reached(self) -> int:
        """The rank up to which the order was followed; it is the next."""
        return self._selection.reached

    def end_after(self, alternates: int | None) -> None:
        """Let only so many more be reached; all of them for none."""
        if alternates is not None:
            self._selection = self._selection.until(min(self._selection.end, self.reached + alternates))

    def next(self) -> Turn | None:
        """Return the next turn that is no skip, none at the end of a fill; who is skipped once never comes back."""
        turn = next_turn(self._selection, self._pool)
        while turn is not None and turn.fate is Fate.SKIPPED:
            self._selection = turn.after
            turn = next_turn(self._selection, self._pool)
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
        if turn.fate is Fate.PASSED:
            self._pool.passed(turn.candidate)
        else:
            self._pool.won(turn.candidate, self.reached)
            self.holding[turn.candidate.number] = turn.candidate.people
        self._selection = turn.after

    def give_back(self, number: int) -> None:
        """Free the places of an entry. Raises ValueError when it holds none."""
        places = self.holding.pop(number, None)
        if places is None:
            raise ValueError(f"entry {number} holds no places")
        self._selection = self._selection.freed(places)

    def requeue(self, number: int) -> None:
        """Free the places of an entry, and let it wait behind the last alternate."""
        self.give_back(number)
        self._pool.requeued(number)
