"""A draw of a million alone: frozen, drawn, put in order, and ten thousand winners committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.apart import Apart
from bench.bench import Bench
from bench.drawing import Selection, watched
from bench.figure import Figure
from bench.plan import Plan
from bench.report import amount
from bench.result import percentile
from bench.usage import family, peak_mb, resident_mb

SECONDS, MEGABYTES, HELD_MS = 15.0, 400.0, 500.0
RATE = 20
"""Enters per second meanwhile, all too late, each decided by the worker that is busy with the draw."""

_AHEAD = timedelta(seconds=2)
_DRAW_CLOSED = 409


@dataclass(frozen=True, slots=True)
class _Run:
    """A selection that was due at a moment, and the worker's memory in MB before it and at the most."""

    due_at: datetime
    seen: Selection
    fresh: float
    peak: float

    def after(self, moment: datetime) -> float:
        """Seconds from when it was due."""
        return (moment - self.due_at).total_seconds()


def selection(bench: Bench) -> list[Figure]:
    """The same draw again and again, each time by a worker that was just started; afterwards once while people ask."""
    runs = [_once(bench) for _ in range(bench.pairs)]
    asked = _asked(bench, longest=max(run.after(run.seen.selected) for run in runs))
    return [_seconds(bench, runs), _memory(runs), _held(runs), _meanwhile(asked)]


def _once(bench: Bench) -> _Run:
    draw, system = bench.big_draw, bench.system
    system.installation.restart("selection")
    system.settle()
    pids = family(system.installation.pid("selection") or 0)
    fresh = _most(map(resident_mb, pids))
    due_at = draw.rewind(_AHEAD)
    return _Run(due_at, watched(draw), fresh, _most(map(peak_mb, pids)))


def _asked(bench: Bench, longest: float) -> list[float]:
    """Milliseconds of those who want to enter the draw while it is drawn, ascending. RuntimeError: somebody was not told."""
    draw, system = bench.big_draw, bench.system
    seconds = longest + 1
    people = system.people(int(RATE * (seconds + 5)))
    requests = list(system.requests("POST", f"/draws/{draw.draw_id}/enter", people))
    plan = Plan(system.host, system.port, 16, seconds + _AHEAD.total_seconds(), rate=RATE, keep=True)
    with Apart(plan, requests) as generator:
        due_at = draw.rewind(_AHEAD)
        selected = watched(draw).selected
        result = generator.result()
    during = [took for due, took, _ in result.samples if due_at.timestamp() <= due <= selected.timestamp()]
    if result.broken or set(result.statuses) - {200, _DRAW_CLOSED} or not during:
        raise RuntimeError(f"not everybody was told: {result.statuses}, {result.broken} broken connections")
    return sorted(during)


def _seconds(bench: Bench, runs: Sequence[_Run]) -> Figure:
    draw = bench.big_draw
    worst = max(runs, key=lambda run: run.seen.selected - run.due_at)
    parts = {
        "frozen and drawn": f"{amount(worst.after(worst.seen.drawn))} s",
        "all ranked": f"{amount(worst.after(worst.seen.ranked))} s",
        "in order": f"{amount(worst.after(worst.seen.ordered))} s",
        "runs": str(len(runs)),
    }
    title = f"from drawAt to {draw.winners:,} winners of {draw.entries:,} entries, alone (worst run)"
    return Figure.of_most("selection", title, [run.after(run.seen.selected) for run in runs], "s", SECONDS, parts)


def _memory(runs: Sequence[_Run]) -> Figure:
    parts = {"just started": f"{amount(max(run.fresh for run in runs))} MB"}
    title = "most resident memory of the selection worker"
    return Figure.of_most("selection_memory", title, [run.peak for run in runs], "MB", MEGABYTES, parts)


def _held(runs: Sequence[_Run]) -> Figure:
    title = "longest drain of that draw (worst run)"
    return Figure.of_most("selection_held", title, [1000 * run.seen.held for run in runs], "ms", HELD_MS, {})


def _meanwhile(asked: Sequence[float]) -> Figure:
    parts = {
        "enters": f"{len(asked)}, {RATE}/s, refused as too late",
        "p50": f"{amount(percentile(asked, 0.5))} ms",
        "slowest": f"{amount(asked[-1])} ms",
    }
    title = "p99 of enters to that draw meanwhile"
    return Figure("selection_meanwhile", title, percentile(asked, 0.99), "ms", None, at_least=False, parts=parts)


def _most(found: Iterable[float]) -> float:
    return max(found, default=0.0)
