"""When people come: the arrival curve of a real evening, scaled to a number of people and pressed into seconds.

The curve is the number of requests per minute to the web site of the 1998 World Cup on the evening of a
semi-final (7 July 1998, from the public Internet Traffic Archive): calm, a climb of two hours, and a wall.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from random import Random

CURVE_FILE = "worldcup98_requests_per_minute.csv"


@dataclass(frozen=True, slots=True)
class Curve:
    """Counts of equal intervals, read as a piecewise constant density: its cumulative curve is piecewise linear."""

    counts: tuple[int, ...]

    @property
    def wall(self) -> float:
        """The share of the curve's length that is over when its busiest interval ends: where a launch opens."""
        return (self.counts.index(max(self.counts)) + 1) / len(self.counts)

    def quantile(self, share: float) -> float:
        """How far along the curve (0 to 1) `share` (0 to 1) of all arrivals have come."""
        sums = list(accumulate(self.counts))
        return self._invert(sums, share)

    def arrivals(self, people: int, duration: float, chance: Random) -> list[float]:
        """Seconds from the start at which each of `people` comes, ascending, all within `duration`.

        Each is the inverse of the cumulative curve at a uniform draw, so that the number who come in an
        interval varies as it does in life.
        """
        sums = list(accumulate(self.counts))
        return sorted(self._invert(sums, chance.random()) * duration for _ in range(people))

    def _invert(self, sums: list[int], share: float) -> float:
        target = share * sums[-1]
        index = min(bisect_left(sums, target), len(sums) - 1)
        before = sums[index] - self.counts[index]
        within = (target - before) / self.counts[index] if self.counts[index] else 0.0
        return (index + within) / len(sums)


def world_cup_evening() -> Curve:
    """The curve that comes with the package: 420 minutes, busiest at 21:41 UTC."""
    with resources.files("cli.crowd").joinpath(CURVE_FILE).open(encoding="utf-8") as lines:
        return Curve(tuple(int(row["requests"]) for row in csv.DictReader(lines)))
