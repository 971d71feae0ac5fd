"""An admission of ten thousand at once, in slices, and what it does to those who enter the same queue meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bench.apart import Apart
from bench.bench import Bench
from bench.figure import Figure
from bench.figures.enters import CONNECTIONS, checked_enters
from bench.plan import Plan
from bench.report import amount
from bench.result import percentile
from bench.watching import watched

ADMITTED = 10_000
RATE = 500
"""Enters per second meanwhile, due at fixed instants, so that a stall is not excused by nobody asking."""

_AHEAD = timedelta(seconds=3)
_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class _Run:
    """Seconds from the knock to the last grant, in how many visible steps; p99 of enters in ms, during it and apart."""

    seconds: float
    slices: int
    during: list[float]
    apart: list[float]


def admission(bench: Bench) -> list[Figure]:
    """A line of a million opens at a rate that lets ten thousand in at once, and no more."""
    wanted = max(500, bench.size(ADMITTED))
    runs = [_once(bench, wanted) for _ in range(bench.pairs)]
    bench.long_line.pause()
    parts = {
        "in line": f"{bench.long_line.waiting:,}",
        "steps that were seen": str(min(run.slices for run in runs)),
        "runs": str(len(runs)),
    }
    tails = [percentile(run.during, 0.99) for run in runs]
    meanwhile = {
        "enters": f"{RATE}/s, {min(len(run.during) for run in runs)} during the admission",
        "p50": f"{amount(max(percentile(run.during, 0.5) for run in runs))} ms",
        "p99 before and after it": f"{amount(max(percentile(run.apart, 0.99) for run in runs))} ms",
    }
    title = f"an admission of {wanted:,} at once (worst run)"
    return [
        Figure.of_most("admission", title, [run.seconds for run in runs], "s", 2.0, parts),
        Figure.of_most("admission_p99", "p99 of enters to the same queue meanwhile", tails, "ms", 150.0, meanwhile),
    ]


def _once(bench: Bench, wanted: int) -> _Run:
    system, line = bench.system, bench.long_line
    people = system.people(int(RATE * (_SECONDS + 1)))
    plan = Plan(system.host, system.port, CONNECTIONS, _SECONDS, warmup_seconds=1.0, rate=RATE, keep=True)
    requests = list(system.enters(line.queue_id, people))
    opens_at = line.rewind(_AHEAD, admit_rate=60 * wanted, max_admissions=wanted)
    with Apart(plan, requests) as generator:
        seen = watched(line, wanted)
        result = checked_enters(generator.result(), 0.0)
    knocked, last = opens_at.timestamp(), seen.last_at.timestamp()
    during = sorted(took for due, took, _ in result.samples if knocked <= due <= last)
    apart = sorted(took for due, took, _ in result.samples if not knocked <= due <= last)
    return _Run(last - knocked, seen.slices, during, apart)
