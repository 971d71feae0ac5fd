"""Committed enters per second over HTTP, against the same endpoint written the ordinary way."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from bench.apart import run_apart, run_metered
from bench.bench import WARMUP_SECONDS, Bench
from bench.cores import anywhere
from bench.entering import Entering
from bench.figure import Figure
from bench.ordinary.installation import Ordinary, ordinary
from bench.pairs import compare, in_turn
from bench.plan import Plan
from bench.report import PROCESSOR, amount, processor
from bench.result import Result
from bench.target import EnterTarget
from bench.usage import Meter

CONNECTIONS = 64
_DECIDED = (200, 201)


def enters(bench: Bench) -> list[Figure]:
    """Everybody enters and waits; everybody enters a queue that serves meanwhile; the ordinary endpoint. All in turn."""
    system, log = bench.system, bench.folder / "ordinary.log"
    crowd = system.people(bench.people(most_per_second=6_000))
    waiting, serving = Entering(system, lambda: crowd), Entering(system, lambda: crowd, serving=True)
    system.settle()
    with ordinary(
        system.superuser_url, system.installation.redis_url, log, people=bench.people(most_per_second=1_200)
    ) as baseline:
        sides = [
            lambda: enters_once(waiting, bench.seconds, system.meter),
            lambda: _ordinary_once(baseline, bench),
            lambda: enters_once(serving, bench.seconds, system.meter),
        ]
        runs = in_turn(sides, bench.pairs)
    all_wait, theirs, served = (list(results) for results in zip(*runs, strict=True))
    return [
        _ratio("enters", "committed enters/s vs. ordinary, all wait", all_wait, theirs),
        _tail("enters_p99", "p99 of those enters (worst run)", all_wait, theirs),
        _ratio("enters_open", "committed enters/s into a queue that serves vs. ordinary", served, theirs),
        _tail("enters_open_p99", "p99 of those enters (worst run)", served, theirs),
    ]


def _ordinary_once(baseline: Ordinary, bench: Bench) -> Result:
    """The ordinary side runs wherever the kernel likes, the servers too: so it was fastest."""
    servers = bench.system.server_pids
    with anywhere(servers.values()):
        return enters_once(baseline, bench.seconds, lambda: Meter({"web": baseline.pid} | servers))


def enters_once(target: EnterTarget, seconds: float, meter: Callable[[], Meter] | None = None) -> Result:
    """Let people enter a queue for `seconds` after the warm-up, and check what was answered against the store.

    Raises RuntimeError when an answer was anything but a decided entry, or when the store holds fewer people than
    were told that they are in, because such a figure would be the speed of something else.
    """
    queue_id = target.new_queue()
    plan = Plan(target.host, target.port, CONNECTIONS, seconds, warmup_seconds=WARMUP_SECONDS)
    requests = target.enters(queue_id)
    found = run_apart(plan, requests) if meter is None else run_metered(plan, requests, meter)
    return stored_enters(target, queue_id, checked_enters(found, seconds))


def stored_enters(target: EnterTarget, queue_id: UUID, result: Result) -> Result:
    """The result, if the store holds as many people as were told that they are in. RuntimeError otherwise."""
    if target.entered(queue_id) < result.count:
        raise RuntimeError(f"{result.count} were told that they are in, the store holds {target.entered(queue_id)}")
    return result


def checked_enters(result: Result, seconds: float) -> Result:
    """The result, if everybody was let into the line and there were people to the end. RuntimeError otherwise."""
    if result.broken or set(result.statuses) - set(_DECIDED):
        raise RuntimeError(f"not every enter was decided: {result.statuses}, {result.broken} broken connections")
    if result.seconds < 0.99 * seconds:
        raise RuntimeError(f"there were people for {result.seconds:.1f} of {seconds:.1f} seconds only")
    return result


def _ratio(name: str, title: str, ours: list[Result], theirs: list[Result]) -> Figure:
    found = compare([(a.rate, b.rate) for a, b in zip(ours, theirs, strict=True)])
    parts = {"ours": f"{amount(found.a)}/s", "ordinary": f"{amount(found.b)}/s", "pairs": str(found.pairs)}
    parts |= processor(ours) | {f"{PROCESSOR} ordinary": processor(theirs)[PROCESSOR]}
    kept = tuple({"ours": a.as_json(), "ordinary": b.as_json()} for a, b in zip(ours, theirs, strict=True))
    return Figure.of_ratio(name, title, found, 6.0, parts, kept)


def _tail(name: str, title: str, ours: list[Result], theirs: list[Result]) -> Figure:
    found = sorted(result.p99 for result in ours)
    parts = {
        "p50": f"{amount(max(result.p50 for result in ours))} ms",
        "ordinary p50": f"{amount(max(result.p50 for result in theirs))} ms",
        "ordinary p99": f"{amount(max(result.p99 for result in theirs))} ms",
        "load generator": f"{100 * max(result.cpu_seconds / result.seconds for result in ours):.0f} % of a core",
    }
    return Figure.of_most(name, title, found, "ms", 150.0, parts)
