"""All entries of a draw in a few bytes each, so that a million can be checked at once."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from domain.fairness.leaves import NO_HASH, DrawEntry
from domain.fairness.slices import Chunk, buckets_for, merged, ranked_runs

_SLICE: Final = 16_384
_IN, _LEFT, _DENIED, _DENIED_LATER = range(4)


class Roll:
    """Who entered, in order of numbers, and who is out since."""

    def __init__(self) -> None:
        self.tickets = array("H")
        self._people = bytearray()
        self._keys = bytearray()
        self._out = bytearray()
        self._wishes = array("I")
        self._lists: dict[tuple[str, ...], int] = {(): 0}
        self._by_wish: list[tuple[str, ...]] = [()]
        self.has_keys = False
        self.most_preferences = 0
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.tickets)

    def add(self, entry: DrawEntry, preferences: tuple[str, ...] = ()) -> None:
        """Take down the next entry, and the prizes that it prefers. Raises ValueError when the participation entered already."""
        participation = entry.participation_id.bytes
        if self._numbers.setdefault(participation, len(self)) != len(self):
            raise ValueError(
                f"participation {entry.participation_id} entered already, as entry {self._numbers[participation]}"
            )
        self.tickets.append(entry.tickets)
        self._people.append(entry.people)
        self._keys += entry.duplicate_key
        self.has_keys = self.has_keys or entry.duplicate_key != NO_HASH
        self._out.append(_IN)
        self._wishes.append(self._known(preferences))

    def number_of(self, participation_id: UUID) -> int:
        """Return the number of an entry. Raises ValueError when this participation never entered."""
        number = self._numbers.get(participation_id.bytes)
        if number is None:
            raise ValueError(f"participation {participation_id} did not enter")
        return number

    def people(self, number: int) -> int:
        """Return the places that an entry needs."""
        return self._people[number]

    def duplicate_key(self, number: int) -> bytes | None:
        """Return what an entry has in common with those that count as the same; none for most."""
        key = bytes(self._keys[number * len(NO_HASH) : (number + 1) * len(NO_HASH)])
        return None if key == NO_HASH else key

    def preferences(self, number: int) -> tuple[str, ...]:
        """Return the prizes that an entry prefers, best first; none in a draw without prizes."""
        return self._by_wish[self._wishes[number]]

    def leave(self, participation_id: UUID) -> None:
        """Take an entry out of the pool that left. Raises ValueError when it is not in."""
        self._take_out(participation_id, _LEFT)

    def deny(self, participation_id: UUID, *, drawn: bool = False) -> int:
        """Take an entry out that is denied, before or after the draw; its number. Raises ValueError when it is not in."""
        return self._take_out(participation_id, _DENIED_LATER if drawn else _DENIED)

    def was_drawn(self, number: int) -> bool:
        """Whether an entry was in the pool when the draw took place."""
        return self._out[number] in {_IN, _DENIED_LATER}

    def is_in(self, number: int) -> bool:
        """Whether an entry has neither left nor been denied."""
        return self._out[number] == _IN

    @property
    def left(self) -> int:
        """How many left."""
        return self._out.count(_LEFT)

    @property
    def denied(self) -> int:
        """How many were denied before the draw."""
        return self._out.count(_DENIED)

    def _known(self, preferences: tuple[str, ...]) -> int:
        """Return the number of a list of prizes: most entries share theirs with many."""
        known = self._lists.setdefault(preferences, len(self._by_wish))
        if known == len(self._by_wish):
            self._by_wish.append(preferences)
            self.most_preferences = max(self.most_preferences, len(preferences))
        return known

    def _take_out(self, participation_id: UUID, how: int) -> int:
        number = self.number_of(participation_id)
        if not self.is_in(number):
            raise ValueError(f"entry {number} is out already")
        self._out[number] = how
        return number


class DrawOrder:
    """The order of all entries, read from both sides; 8 bytes an entry."""

    def __init__(self, seed: bytes, tickets: array[int]) -> None:
        """Rank all entries by their tickets; some 2 microseconds a ticket."""
        self.numbers = array("I")
        for chunk in _chunks(seed, tickets):
            self.numbers.extend(chunk.numbers())
        self.ranks = array("I", bytes(self.numbers.itemsize * len(self.numbers)))
        for rank, number in enumerate(self.numbers):
            self.ranks[number] = rank


def _chunks(seed: bytes, tickets: array[int]) -> Iterator[Chunk]:
    buckets, first_ticket = buckets_for(len(tickets)), 0
    runs: list[list[bytes]] = [[] for _ in range(buckets)]
    for start in range(0, len(tickets), _SLICE):
        weights = tickets[start : start + _SLICE]
        for bucket, run in ranked_runs(seed, start, first_ticket, weights, buckets).items():
            runs[bucket].append(run)
        first_ticket += sum(weights)
    first_rank = 0
    for bucket in range(buckets):
        chunk = Chunk(first_rank, merged(runs[bucket]))
        runs[bucket] = []
        first_rank += len(chunk)
        yield chunk
