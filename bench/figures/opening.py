"""From openAt to the first admission, with a million waiting."""

from __future__ import annotations

from datetime import timedelta

from bench.bench import Bench
from bench.figure import Figure
from bench.report import amount
from bench.system import ADMIT_RATE
from bench.watching import watched

_AHEAD = timedelta(seconds=2)


def opening(bench: Bench) -> list[Figure]:
    """The queue opens again and again. An admission counts when it is committed and somebody else can see it."""
    line, seen, granted = bench.long_line, list[float](), list[float]()
    for _ in range(bench.pairs):
        opens_at = line.rewind(_AHEAD, admit_rate=ADMIT_RATE)
        admission = watched(line, 1)
        seen.append((admission.first_at - opens_at).total_seconds())
        granted.append((line.first_grant() - opens_at).total_seconds())
    line.pause()
    parts = {
        "openings": str(len(seen)),
        "the first grant is dated": f"{amount(max(granted))} s after openAt at the latest",
    }
    title = f"openAt to first admission with {line.waiting:,} waiting (worst run)"
    return [Figure.of_most("opening", title, seen, "s", 1.0, parts)]
