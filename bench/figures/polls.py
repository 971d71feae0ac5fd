"""Status polls of many who wait, against a route that answers constant bytes of the same size on the same server."""

from __future__ import annotations

from collections.abc import Sequence

from bench.apart import run_apart
from bench.bench import Bench
from bench.figure import Figure
from bench.load import run_plan
from bench.pairs import compare, interleaved
from bench.plan import Plan
from bench.queues import open_now
from bench.report import amount
from bench.result import Result
from bench.seeding import seed
from bench.served import HOST, PLAIN, Served
from bench.system import tomorrow

CONNECTIONS = 64
_SLOWLY = 60


def polls(bench: Bench) -> list[Figure]:
    """The ratio of the rates once everybody has polled, and the rate of the first polls beside it.

    All waited before the opening, so that each has a place in a drawn order; the line moves by one a second.
    """
    system = bench.system
    people = system.people(bench.size(100_000))
    queue_id = system.new_queue(**tomorrow(), admitRate=_SLOWLY)
    seed(system, queue_id, [one.consumer_id for one in people])
    open_now(system, queue_id)
    requests = system.polls(queue_id, people)
    first = checked_polls(run_apart(Plan(HOST, system.port, CONNECTIONS, count=len(requests)), requests))
    size = str(body_size(system.port, requests[-1]))
    log = bench.folder / "constant.log"
    with Served("bench.constant:app", environment={"BENCH_CONSTANT_BYTES": size}, log=log, options=PLAIN) as constant:
        runs = interleaved(
            lambda: poll(system.port, requests, bench.seconds),
            lambda: poll(constant.port, requests, bench.seconds),
            bench.pairs,
        )
    return [_ratio(runs, first, len(people), size)]


def poll(port: int, requests: Sequence[bytes], seconds: float) -> Result:
    """Everybody polls in turn for `seconds`, after half a second that is not counted."""
    plan = Plan(HOST, port, CONNECTIONS, seconds, warmup_seconds=0.5, repeat=True)
    return checked_polls(run_apart(plan, requests))


def body_size(port: int, request: bytes) -> int:
    """Bytes of the body that answers `request`."""
    sizes: list[int] = []
    run_plan(Plan(HOST, port, 1), [request], lambda _, body: sizes.append(len(body)))
    return sizes[0]


def checked_polls(result: Result) -> Result:
    """The result, if everybody was told. RuntimeError otherwise."""
    if result.broken or set(result.statuses) != {200}:
        raise RuntimeError(f"not every poll was answered: {result.statuses}, {result.broken} broken connections")
    return result


def _ratio(runs: Sequence[tuple[Result, Result]], first: Result, people: int, size: str) -> Figure:
    found = compare([(a.rate, b.rate) for a, b in runs])
    parts = {
        "ours": f"{amount(found.a)}/s",
        "constant": f"{amount(found.b)}/s",
        "p99": f"{amount(max(a.p99 for a, _ in runs))} ms",
        "bytes": size,
        "first polls": f"{amount(first.rate)}/s, p99 {amount(first.p99)} ms",
        "pairs": str(found.pairs),
    }
    kept = tuple({"ours": a.as_json(), "constant": b.as_json()} for a, b in runs)
    title = f"status polls/s of {people:,} who wait vs. constant bytes"
    return Figure.of_ratio("polls", title, found, 0.6, parts, kept)
