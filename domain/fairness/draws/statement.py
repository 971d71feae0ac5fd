"""What came of a draw, in figures and in sentences."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """The figures of a draw: entries, places, and everything that happened to them.

    `left` and `denied` tell of before the draw, `winners` and `taken` of the first fill, `by_prize` how many entries won
    each prize in it, `due` is the entry whose turn it is while a place is free.
    """

    entries: int
    tickets: int
    places: int
    left: int
    denied: int
    is_selected: bool
    is_void: bool
    winners: int = 0
    taken: int = 0
    by_prize: dict[str, int] | None = None
    passed: int = 0
    promoted: int = 0
    declined: int = 0
    expired: int = 0
    requeued: int = 0
    denied_winners: int = 0
    holding: int = 0
    free: int = 0
    due: int | None = None

    def as_json(self) -> dict[str, int | bool | dict[str, int] | None]:
        """Write the figures by their names."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """Say it to people."""
        told = [self._entered()]
        if self.is_selected:
            told += [self._drawn(), self._later(), self._now()]
        if self.is_void:
            told.append("The draw is void: nobody wins.")
        return told

    def _entered(self) -> str:
        return (
            f"{_many(self.entries, 'entry', 'entries')} with {_many(self.tickets, 'ticket')} entered for "
            f"{_many(self.places, 'place')}; before the draw {self.left:,} left and {self.denied:,} were denied."
        )

    def _drawn(self) -> str:
        passed = _many(self.passed, "group was", "groups were")
        return (
            f"The draw gave {_many(self.taken, 'place')} to {_many(self.winners, 'entry', 'entries')}{self._prizes()}; "
            f"{passed} passed over until places would fit."
        )

    def _prizes(self) -> str:
        told = ", ".join(f"{won:,} won {prize}" for prize, won in (self.by_prize or {}).items())
        return f": {told}" if told else ""

    def _later(self) -> str:
        return (
            f"Afterwards {self.declined:,} declined, {self.expired:,} lapsed, {self.requeued:,} went to the end, "
            f"{_many(self.denied_winners, 'winner was', 'winners were')} denied, and {self.promoted:,} were promoted."
        )

    def _now(self) -> str:
        due = "" if self.due is None else f"; it is the turn of entry {self.due}"
        return f"{_many(self.holding, 'entry holds', 'entries hold')} places now, {self.free:,} are free{due}."


def _many(count: int, one: str, more: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
