"""What every figure is given: running servers, a folder, and how long and how often to measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.figures.enters import WARMUP_SECONDS


@dataclass(frozen=True, slots=True)
class Bench:
    """The servers that both sides of a comparison share, and the size of the comparison."""

    postgres_url: str
    redis_url: str
    folder: Path
    pairs: int
    seconds: float

    def people(self, most_per_second: int) -> int:
        """How many people a system needs that lets at most so many enter per second, warm-up included."""
        return int(most_per_second * (self.seconds + WARMUP_SECONDS))
