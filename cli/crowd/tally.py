"""What happened, counted: exchanges with their latencies, milestones of lives, and answers nobody expected."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

KEPT_SURPRISES = 100
NO_ANSWER = 0
"""The status under which an exchange is counted that ended without an answer."""


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed (nearest rank); nan of none."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


@dataclass(frozen=True, slots=True)
class Surprise:
    """An answer that the reference does not allow here, or a page that it does not describe."""

    operation: str
    status: int
    code: str
    request_id: str


@dataclass(slots=True)
class Tally:
    """Counts of one run. Latencies are in seconds, one per answered exchange; retries count as exchanges.

    `milestones` are of the line, `draw` those of the draw beside it.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    latencies: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    milestones: Counter[str] = field(default_factory=Counter)
    draw: Counter[str] = field(default_factory=Counter)
    surprises: list[Surprise] = field(default_factory=list)
    surprise_count: int = 0
    exchanges: int = 0

    def exchange(self, operation: str, status: int, seconds: float) -> None:
        """One request was sent; `status` is NO_ANSWER when the connection broke before an answer came."""
        self.exchanges += 1
        self.statuses[operation, status] += 1
        if status != NO_ANSWER:
            self.latencies[operation].append(seconds)

    def surprise(self, surprise: Surprise) -> None:
        """Counts an answer nobody expected, and keeps the first of them."""
        self.surprise_count += 1
        if len(self.surprises) < KEPT_SURPRISES:
            self.surprises.append(surprise)

    def mark(self, milestone: str) -> None:
        """Somebody arrived, was granted, completed, ...: for the display and the totals."""
        self.milestones[milestone] += 1

    def of_status(self, *statuses: int) -> int:
        """How many exchanges ended with one of these statuses."""
        return sum(count for (_operation, status), count in self.statuses.items() if status in statuses)

    def quantiles(self, operation: str, last: int | None = None) -> tuple[float, float]:
        """The median and the 99th percentile of an operation, in seconds, exact; of the `last` so many if given."""
        values = self.latencies[operation] if operation in self.latencies else array("d")
        ascending = sorted(values if last is None else values[-last:])
        return percentile(ascending, 0.5), percentile(ascending, 0.99)
