"""What receipts cost an enter: the system against the same system whose admission worker makes none, in turn."""

from __future__ import annotations

from collections.abc import Sequence

from bench.bench import Bench
from bench.entering import Entering
from bench.figure import Figure
from bench.figures.enters import enters_once
from bench.pairs import compare, interleaved
from bench.report import PROCESSOR, amount, processor
from bench.result import Result
from bench.system import System, running_system
from bench.unreceipted import WithoutReceipts


def receipts(bench: Bench) -> list[Figure]:
    """Each on servers of its own; while one is measured the other rests. What is told promises nothing."""
    without = running_system(bench.folder / "unreceipted", shape=WithoutReceipts)
    with without as silent:
        theirs, ours = _entering(bench, silent), _entering(bench, bench.system)
        pairs = interleaved(
            lambda: _once(ours, silent, bench.seconds),
            lambda: _once(theirs, bench.system, bench.seconds),
            bench.pairs,
        )
    return [_rate([a for a, _ in pairs], [b for _, b in pairs]), _time(pairs)]


def _once(target: Entering, resting: System, seconds: float) -> Result:
    with resting.at_rest():
        return enters_once(target, seconds, target.system.meter)


def _entering(bench: Bench, system: System) -> Entering:
    crowd = system.people(bench.people(most_per_second=6_000))
    system.settle()
    return Entering(system, lambda: crowd)


def _rate(ours: Sequence[Result], theirs: Sequence[Result]) -> Figure:
    found = compare([(a.rate, b.rate) for a, b in zip(ours, theirs, strict=True)])
    parts = {
        "with": f"{amount(found.a)}/s, p99 {amount(max(result.p99 for result in ours))} ms",
        "without": f"{amount(found.b)}/s, p99 {amount(max(result.p99 for result in theirs))} ms",
        "pairs": str(found.pairs),
    }
    title = "committed enters/s with receipts vs. without"
    return Figure.of_ratio("receipts", title, found, None, parts)


def _time(pairs: Sequence[tuple[Result, Result]]) -> Figure:
    found = compare([(sum(a.spent.values()), sum(b.spent.values())) for a, b in pairs])
    parts = {
        "with": processor([a for a, _ in pairs])[PROCESSOR],
        "without": processor([b for _, b in pairs])[PROCESSOR],
    }
    title = "processor time of an enter with a receipt vs. without"
    return Figure(
        "receipts_time", title, found.ratio, "times", None, at_least=False, low=found.low, high=found.high, parts=parts
    )
