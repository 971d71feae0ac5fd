"""What every figure is given: the running system, a folder, and how long and how often to measure."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.big_draw import BigDraw, big_draw
from bench.long_line import LongLine, long_line
from bench.seeding import Crowd, waiting_crowd
from bench.system import System

WARMUP_SECONDS = 2.0


@dataclass(frozen=True)
class Bench:
    """The system, whose servers both sides of a comparison share, and the size of the comparison.

    `entries` is the size of the draw. `quick` makes everything small, to see that it works: its figures say nothing.
    """

    system: System
    folder: Path
    pairs: int
    seconds: float
    quick: bool = False
    entries: int = 1_000_000

    @cached_property
    def crowd(self) -> Crowd:
        """A hundred thousand people who wait in one queue, made when first asked for."""
        return waiting_crowd(self.system, self.size(100_000))

    @cached_property
    def long_line(self) -> LongLine:
        """A queue of a million, made when first asked for."""
        waiting = self.size(1_000_000)
        print(f"seeding a queue of {waiting:,}", file=sys.stderr)
        return long_line(self.system, waiting, pollers=waiting // 50)

    @cached_property
    def big_draw(self) -> BigDraw:
        """A draw of a million, made when first asked for."""
        entries = self.size(self.entries)
        print(f"seeding a draw of {entries:,}", file=sys.stderr)
        return big_draw(self.system, entries)

    def people(self, most_per_second: int) -> int:
        """How many people a system needs that lets at most so many enter per second, warm-up included."""
        return int(most_per_second * (self.seconds + WARMUP_SECONDS))

    def size(self, full: int) -> int:
        """So many, or a hundredth of them when it is quick."""
        return full // 100 if self.quick else full
