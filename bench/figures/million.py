"""Entering and polling a queue of a million, against one that is empty: costs must not grow with the line."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from bench.apart import run_apart
from bench.bench import Bench
from bench.entering import Entering, EnteringThere
from bench.figure import Figure
from bench.figures.enters import enters_once
from bench.figures.polls import CONNECTIONS, checked_polls, poll
from bench.pairs import compare, interleaved
from bench.people import Person
from bench.plan import Plan
from bench.queues import open_now
from bench.report import amount, processor
from bench.result import Result
from bench.seeding import seed
from bench.system import ADMIT_RATE, HOST, tomorrow

MUST = 0.85


def million(bench: Bench) -> list[Figure]:
    """Both queues are open and let 600 a minute in. For polls the empty queue holds just those who poll."""
    line = bench.long_line
    line.rewind(timedelta(seconds=1), admit_rate=ADMIT_RATE)
    return [_enters(bench), _polls(bench)]


def _enters(bench: Bench) -> Figure:
    system, number = bench.system, bench.people(most_per_second=6_000)

    def people() -> list[Person]:
        return system.people(number)

    long = EnteringThere(system, people, queue_id=bench.long_line.queue_id)
    empty = Entering(system, people, serving=True)
    runs = interleaved(
        lambda: enters_once(long, bench.seconds, system.meter),
        lambda: enters_once(empty, bench.seconds, system.meter),
        bench.pairs,
    )
    return _ratio("million_enters", "enters", bench, runs)


def _polls(bench: Bench) -> Figure:
    system, pollers = bench.system, bench.long_line.pollers
    short_id = system.new_queue(**tomorrow(), admitRate=ADMIT_RATE)
    seed(system, short_id, [one.consumer_id for one in pollers])
    open_now(system, short_id)
    long, short = _warmed(bench, bench.long_line.queue_id), _warmed(bench, short_id)
    runs = interleaved(
        lambda: poll(system.port, long, bench.seconds, system.meter),
        lambda: poll(system.port, short, bench.seconds, system.meter),
        bench.pairs,
    )
    return _ratio("million_polls", "polls", bench, runs)


def _warmed(bench: Bench, queue_id: UUID) -> list[bytes]:
    """The polls of everybody who polls, after one each."""
    requests = bench.system.polls(queue_id, bench.long_line.pollers)
    checked_polls(run_apart(Plan(HOST, bench.system.port, CONNECTIONS, count=len(requests)), requests))
    return requests


def _ratio(name: str, what: str, bench: Bench, runs: list[tuple[Result, Result]]) -> Figure:
    found = compare([(a.rate, b.rate) for a, b in runs])
    parts = {
        f"of {bench.long_line.waiting:,}": f"{amount(found.a)}/s",
        "empty": f"{amount(found.b)}/s",
        "p99": f"{amount(max(a.p99 for a, _ in runs))} and {amount(max(b.p99 for _, b in runs))} ms",
        "pairs": str(found.pairs),
    }
    parts |= processor([a for a, _ in runs])
    kept = tuple({"long": a.as_json(), "empty": b.as_json()} for a, b in runs)
    title = f"{what}/s with {bench.long_line.waiting:,} in the queue vs. an empty one"
    return Figure.of_ratio(name, title, found, MUST, parts, kept)
