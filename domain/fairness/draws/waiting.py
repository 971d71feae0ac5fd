"""Those who wait for places that fit."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from domain.fairness.draws.selection import Candidate, Lot, first_that_fits


class Waiting:
    """Candidates that wait for places of one of some prizes; of those who fit, the one that is first by its `place`."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: dict[tuple[tuple[str, ...], int], deque[tuple[int, Candidate]]] = {}

    def add(self, candidate: Candidate, prizes: Sequence[str], place: int) -> None:
        """Let a candidate wait. Of those who need the same, whoever is added later has the higher place."""
        self._lines.setdefault((tuple(prizes), candidate.people), deque()).append((place, candidate))

    def first(self, lots: Mapping[str, Lot], waits: Callable[[int, int], bool]) -> Candidate | None:
        """Return the first that fits and, by its number and place, still waits; with the first of its prizes that fits."""
        heads = [
            (line[0], prize)
            for (prizes, people), line in self._lines.items()
            if (prize := first_that_fits(prizes, people, lots)) is not None and self._has_somebody(line, waits)
        ]
        if not heads:
            return None
        (_, candidate), prize = min(heads, key=lambda head: head[0][0])
        return replace(candidate, prize=prize)

    @staticmethod
    def _has_somebody(line: deque[tuple[int, Candidate]], waits: Callable[[int, int], bool]) -> bool:
        while line and not waits(line[0][1].number, line[0][0]):
            line.popleft()
        return bool(line)
