"""Status polls of many who wait, against a route that answers constant bytes of the same size on the same server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.apart import run_apart, run_metered
from bench.bench import Bench
from bench.figure import Figure
from bench.load import run_plan
from bench.pairs import compare, interleaved
from bench.plan import Plan
from bench.report import PROCESSOR, amount, processor
from bench.result import Result
from bench.served import HOST, PLAIN, Served
from bench.usage import Meter

CONNECTIONS = 64


def polls(bench: Bench) -> list[Figure]:
    """The ratio of the rates once everybody has polled, and the rate of the first polls beside it."""
    system = bench.system
    requests = system.polls(bench.crowd.queue_id, bench.crowd.people)
    first = checked_polls(run_apart(Plan(HOST, system.port, CONNECTIONS, count=len(requests)), requests))
    size = str(body_size(system.port, requests[-1]))
    log = bench.folder / "constant.log"
    with Served("bench.constant:app", environment={"BENCH_CONSTANT_BYTES": size}, log=log, options=PLAIN) as constant:
        runs = interleaved(
            lambda: poll(system.port, requests, bench.seconds, system.meter),
            lambda: poll(constant.port, requests, bench.seconds, lambda: Meter({"constant": constant.pid})),
            bench.pairs,
        )
    return [_ratio(runs, first, len(requests), size)]


def poll(port: int, requests: Sequence[bytes], seconds: float, meter: Callable[[], Meter]) -> Result:
    """Everybody polls in turn for `seconds`, after half a second that is not counted."""
    plan = Plan(HOST, port, CONNECTIONS, seconds, warmup_seconds=0.5, repeat=True)
    return checked_polls(run_metered(plan, requests, meter))


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
        PROCESSOR: ", ".join(processor(results)[PROCESSOR] for results in ([a for a, _ in runs], [b for _, b in runs])),
    }
    kept = tuple({"ours": a.as_json(), "constant": b.as_json()} for a, b in runs)
    title = f"status polls/s of {people:,} who wait vs. constant bytes"
    return Figure.of_ratio("polls", title, found, 0.6, parts, kept)
