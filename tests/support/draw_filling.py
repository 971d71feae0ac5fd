"""The fill of a draw in the plainest way that section 15 of docs/fairness.md allows, on lists."""

from abc import abstractmethod
from typing import Any
from uuid import UUID

from domain.fairness import NO_HASH, DrawEntry
from domain.fairness.draws import steps as line


class Filling:
    """The places of a draw that was drawn: its order, who waits, and who wins which prize."""

    rules: dict[str, Any]
    out: set[UUID]
    order: list[DrawEntry]
    drawn: list[DrawEntry]
    passed: list[int]
    requeued: list[DrawEntry]
    winners: list[DrawEntry]
    wishes: dict[UUID, tuple[str, ...]]
    prizes: dict[UUID, str]
    ever: set[UUID]
    reached: dict[str, int]
    end: int

    @abstractmethod
    def tell(self, body: Any) -> None:
        """Append a line."""

    def free_of(self, prize: str | None) -> int:
        """How many places of a prize nobody holds; that of a draw without prizes has no name."""
        named = {one["name"]: one["places"] for one in self.rules["prizes"] or ()}
        held = sum(entry.people for entry in self.winners if self.prizes[entry.participation_id] == prize)
        return int(named[prize] if named else self.rules["winnerCount"]) - held

    def _fill(self, *, told: bool) -> None:
        """Sections of the document, one after the other: passed over, the order, requeued; then from the beginning."""
        while self._one_more(told):
            pass

    def _one_more(self, told: bool) -> bool:  # noqa: FBT001 (is it said)
        for turn in sorted(self.passed):
            entry, prize = self._at(turn)
            if self._is_in(entry) and entry.people <= self.free_of(prize):
                return self._wins(entry, prize, self.order.index(entry), told)
        ahead = [
            turn for turn in range(self.end)
            if (prize := self._at(turn)[1]) is not None and self.free_of(prize) and turn >= self.reached.get(prize, 0)
        ]  # fmt: skip
        if ahead:
            return self._looked_at(ahead[0], told)
        for entry in self.requeued:
            for prize in self._wishes(entry):
                if self._is_in(entry) and entry.people <= self.free_of(prize):
                    return self._wins(entry, prize, None, told)
        return False

    def _looked_at(self, turn: int, told: bool) -> bool:  # noqa: FBT001 (is it said)
        entry, prize = self._at(turn)
        assert prize is not None
        self.reached[prize] = turn + 1
        if not self._is_in(entry) or entry.participation_id in self.ever or not self._counts(entry):
            return True
        rank, free = self.order.index(entry), self.free_of(prize)
        if entry.people <= free:
            return self._wins(entry, prize, rank, told)
        who = entry.participation_id
        self.tell(line.Passed(participation_id=who, rank=rank, people=entry.people, free=free, prize=prize or None))
        self.passed.append(turn)
        return True

    def _wins(self, entry: DrawEntry, prize: str | None, rank: int | None, told: bool) -> bool:  # noqa: FBT001 (is it said)
        who = entry.participation_id
        self.winners.append(entry)
        self.prizes[who] = prize or ""
        self.ever.add(who)
        self.passed = [turn for turn in self.passed if self._at(turn)[0] is not entry]
        self.requeued = [one for one in self.requeued if one is not entry]
        if told:
            self.tell(line.Promoted(participation_id=who, rank=rank, prize=prize or None))
        return True

    def _is_in(self, entry: DrawEntry) -> bool:
        return entry.participation_id not in self.out

    def _wishes(self, entry: DrawEntry) -> tuple[str, ...]:
        return self.wishes[entry.participation_id] or ("",)

    def _at(self, turn: int) -> tuple[DrawEntry, str | None]:
        round_, rank = divmod(turn, len(self.order))
        wishes = self._wishes(self.order[rank])
        return self.order[rank], wishes[round_] if round_ < len(wishes) else None

    def _counts(self, entry: DrawEntry) -> bool:
        same = [one for one in self.drawn if one.duplicate_key == entry.duplicate_key]
        return entry.duplicate_key == NO_HASH or same[0] is entry
