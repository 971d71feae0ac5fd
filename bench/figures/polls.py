"""Status polls of many who wait, against a route that answers constant bytes of the same size on the same server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.apart import run_apart
from bench.figure import Figure
from bench.load import run_plan
from bench.pairs import compare, interleaved
from bench.plan import Plan
from bench.report import amount
from bench.result import Result
from bench.served import HOST, Served

CONNECTIONS = 64


def polls(
    port: int, requests: Sequence[bytes], log: Path, *, pairs: int, seconds: float, workers: int = 1
) -> list[Figure]:
    """The ratio of the rates once everybody has polled, and the rate of the first polls beside it.

    `requests` are status polls for the gateway on `port`, one per person who waits; `workers` is its number of
    processes. Raises RuntimeError when a poll is not answered with 200.
    """
    first = _checked(run_apart(Plan(HOST, port, CONNECTIONS, count=len(requests)), requests))
    environment = {"BENCH_CONSTANT_BYTES": str(body_size(port, requests[0]))}
    with Served("bench.constant:app", environment=environment, log=log, workers=workers) as constant:
        runs = interleaved(
            lambda: _poll(port, requests, seconds), lambda: _poll(constant.port, requests, seconds), pairs
        )
    found = compare([(a.rate, b.rate) for a, b in runs])
    parts = {
        "ours": f"{amount(found.a)}/s",
        "constant": f"{amount(found.b)}/s",
        "p99": f"{amount(max(a.p99 for a, _ in runs))} ms",
        "bytes": environment["BENCH_CONSTANT_BYTES"],
        "first polls": f"{amount(first.rate)}/s, p99 {amount(first.p99)} ms",
    }
    kept = tuple({"ours": a.as_json(), "constant": b.as_json()} for a, b in runs)
    title = f"status polls/s of {len(requests):,} who wait vs. constant bytes"
    return [Figure.of_ratio("polls", title, found, 0.6, parts, kept)]


def body_size(port: int, request: bytes) -> int:
    """Bytes of the body that answers `request`."""
    sizes: list[int] = []
    run_plan(Plan(HOST, port, 1), [request], lambda _, body: sizes.append(len(body)))
    return sizes[0]


def _poll(port: int, requests: Sequence[bytes], seconds: float) -> Result:
    plan = Plan(HOST, port, CONNECTIONS, seconds, warmup_seconds=0.5, repeat=True)
    return _checked(run_apart(plan, requests))


def _checked(result: Result) -> Result:
    if result.broken or set(result.statuses) != {200}:
        raise RuntimeError(f"not every poll was answered: {result.statuses}, {result.broken} broken connections")
    return result
