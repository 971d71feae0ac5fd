"""A command on a system in which nothing goes on: every process asleep, every partition cold."""

from __future__ import annotations

from bench.apart import run_apart
from bench.bench import Bench
from bench.figure import Figure
from bench.figures.enters import checked_enters
from bench.people import Person
from bench.plan import Plan
from bench.report import amount
from bench.result import Result, percentile
from bench.system import tomorrow

COMMANDS = 100
PER_SECOND = 1.7
"""One in 588 ms: a drain lingers for 300, and no loop of a tenth of a second or of a second keeps step with it."""


def cold(bench: Bench) -> list[Figure]:
    """The median of the latencies of single enters, a pause between each and the next."""
    system, rounds = bench.system, bench.pairs
    of_round = 5 if bench.quick else -(-COMMANDS // rounds)
    runs = [_round(bench, system.people(of_round)) for _ in range(rounds)]
    latencies = sorted(took for run in runs for _, took, _ in run.samples)
    parts = {
        "commands": str(len(latencies)),
        "p90": f"{amount(percentile(latencies, 0.9))} ms",
        "p99": f"{amount(percentile(latencies, 0.99))} ms",
        "slowest": f"{amount(latencies[-1])} ms",
    }
    medians = [run.p50 for run in runs]
    return [
        Figure(
            "cold", "cold command on an idle system, p50", percentile(latencies, 0.5), "ms", 50.0, at_least=False,
            low=min(medians), high=max(medians), parts=parts, runs=tuple(run.as_json() for run in runs),
        )
    ]  # fmt: skip


def _round(bench: Bench, people: list[Person]) -> Result:
    system = bench.system
    queue_id = system.new_queue(**tomorrow())
    plan = Plan(system.host, system.port, 1, count=len(people), rate=PER_SECOND, keep=True)
    return checked_enters(run_apart(plan, system.enters(queue_id, people)), 0.0)
