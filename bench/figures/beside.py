"""A draw of a million beside a queue that everybody enters as fast as they can: what each costs the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.apart import Apart
from bench.bench import WARMUP_SECONDS, Bench
from bench.drawing import watched
from bench.entering import Entering
from bench.figure import Figure
from bench.figures.enters import CONNECTIONS, checked_enters, stored_enters
from bench.pairs import compare
from bench.people import Person
from bench.plan import Plan
from bench.report import amount
from bench.result import Result, percentile

SECONDS, KEPT = 60.0, 0.8
_MOST_PER_SECOND = 4_500
_STARTS = 2.0
"""Seconds that a generator takes until it sends."""


@dataclass(frozen=True, slots=True)
class Load:
    """A load, which began before the draw was due and ended after its last winner; instants in seconds since 1970."""

    due_at: float
    selected_at: float
    answers: Result

    @property
    def seconds(self) -> float:
        """From drawAt to the last winner."""
        return self.selected_at - self.due_at

    @property
    def rates(self) -> tuple[float, float]:
        """Answers per second while the draw was drawn, and of the rest of the load: before it and after it."""
        during = len(self.took(meanwhile=True))
        return during / self.seconds, (self.answers.count - during) / (self.answers.seconds - self.seconds)

    def took(self, *, meanwhile: bool) -> list[float]:
        """Milliseconds of the answers that came while the draw was drawn, or of the others, ascending."""
        return sorted(
            took
            for due, took, _ in self.answers.samples
            if (self.due_at <= due + took / 1000 < self.selected_at) is meanwhile
        )


def beside(bench: Bench) -> list[Figure]:
    """The draw is due some seconds into the load. Its seconds and the queue's pace with it are of the same load."""
    seconds = max(10.0, SECONDS * bench.size(bench.entries) / 1_000_000) + 3 * bench.seconds
    people = bench.system.people(int(_MOST_PER_SECOND * (seconds + WARMUP_SECONDS)))
    runs = [_once(bench, people, seconds) for _ in range(bench.pairs)]
    return [_selection(bench, runs), _kept(runs)]


def _once(bench: Bench, people: list[Person], seconds: float) -> Load:
    draw, system, queue = bench.big_draw, bench.system, Entering(bench.system, lambda: people)
    queue_id = queue.new_queue()
    requests = list(queue.enters(queue_id))
    plan = Plan(system.host, system.port, CONNECTIONS, seconds, warmup_seconds=WARMUP_SECONDS, keep=True)
    system.settle()
    with Apart(plan, requests) as generator:
        due_at = draw.rewind(timedelta(seconds=_STARTS + WARMUP_SECONDS + bench.seconds))
        selected_at = watched(draw).selected
        answers = checked_enters(generator.result(), seconds)
    return within(stored_enters(queue, queue_id, answers), due_at, selected_at)


def within(answers: Result, due_at: datetime, selected_at: datetime) -> Load:
    """RuntimeError when the load did not last from before the draw to after it, because then nothing is beside anything."""
    run = Load(due_at.timestamp(), selected_at.timestamp(), answers)
    begins, ends = answers.samples[0][0], max(due for due, _, _ in answers.samples)
    if not begins < run.due_at < run.selected_at < ends:
        raise RuntimeError(f"the load lasted from {begins - run.due_at:.1f} to {ends - run.due_at:.1f} s after drawAt")
    return run


def _selection(bench: Bench, runs: Sequence[Load]) -> Figure:
    draw = bench.big_draw
    parts = {"runs": str(len(runs))}
    title = (
        f"from drawAt to {draw.winners:,} winners of {draw.entries:,} entries, beside a queue at full load (worst run)"
    )
    return Figure.of_most("beside", title, [run.seconds for run in runs], "s", SECONDS, parts)


def _kept(runs: Sequence[Load]) -> Figure:
    found = compare([run.rates for run in runs])
    tails = {
        name: amount(max(percentile(run.took(meanwhile=meanwhile), 0.99) for run in runs))
        for name, meanwhile in (("with", True), ("without", False))
    }
    parts = {
        "with the draw": f"{amount(found.a)}/s, p99 {tails['with']} ms",
        "without": f"{amount(found.b)}/s, p99 {tails['without']} ms",
        "runs": str(found.pairs),
    }
    title = "committed enters/s into a queue while the draw is drawn, vs. before and after"
    return Figure.of_ratio("beside_enters", title, found, KEPT, parts, tuple(_told(run) for run in runs))


def _told(run: Load) -> dict[str, float]:
    during, apart = run.rates
    return {"seconds": run.seconds, "with": during, "without": apart}
