"""What every figure is given: the running system, a folder, and how long and how often to measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.system import System

WARMUP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Bench:
    """The system, whose servers both sides of a comparison share, and the size of the comparison.

    `quick` makes everything small, to see that it works: its figures say nothing.
    """

    system: System
    folder: Path
    pairs: int
    seconds: float
    quick: bool = False

    def people(self, most_per_second: int) -> int:
        """How many people a system needs that lets at most so many enter per second, warm-up included."""
        return int(most_per_second * (self.seconds + WARMUP_SECONDS))

    def size(self, full: int) -> int:
        """So many, or a hundredth of them when it is quick."""
        return full // 100 if self.quick else full
