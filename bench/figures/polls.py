"""Status polls of many who wait, against a route that answers constant bytes of the same size on the same server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bench.apart import run_apart, run_metered
from bench.bench import Bench
from bench.figure import Figure
from bench.load import run_plan
from bench.pairs import compare, in_turn
from bench.plan import Plan
from bench.report import PROCESSOR, amount, processor
from bench.result import Result
from bench.served import HOST, PLAIN, Served, ServedByGateway
from bench.usage import Meter

CONNECTIONS = 64


def polls(bench: Bench) -> list[Figure]:
    """The ratio of the rates once everybody has polled, and the rate of the first polls beside it.

    The constant bytes are served by uvicorn as it comes, and once more with what gateways add to it (api_gateway/connection.py).
    """
    system = bench.system
    requests = system.polls(bench.crowd.queue_id, bench.crowd.people)
    first = checked_polls(run_apart(Plan(HOST, system.port, CONNECTIONS, count=len(requests)), requests))
    size = str(body_size(system.port, requests[-1]))
    constant, logs = {"BENCH_CONSTANT_BYTES": size}, bench.folder
    with (
        ServedByGateway("bench.constant", environment=constant, log=logs / "constant.log") as same,
        Served("bench.constant:app", environment=constant, log=logs / "plain.log", options=PLAIN) as plain,
    ):
        sides = [
            lambda: poll(system.port, requests, bench.seconds, system.meter),
            lambda: poll(same.port, requests, bench.seconds, lambda: Meter({"constant": same.pid})),
            lambda: poll(plain.port, requests, bench.seconds, lambda: Meter({"constant": plain.pid})),
        ]
        ours, theirs, usual = (list(results) for results in zip(*in_turn(sides, bench.pairs), strict=True))
    title = f"status polls/s of {len(requests):,} who wait vs. constant bytes"
    parts = {"bytes": size, "first polls": f"{amount(first.rate)}/s, p99 {amount(first.p99)} ms"}
    return [
        _ratio("polls", title, 0.6, (ours, usual), parts),
        _ratio("polls_corked", f"{title}, written as gateways write", None, (ours, theirs), {}),
    ]


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


def _ratio(
    name: str, title: str, must: float | None, sides: tuple[list[Result], list[Result]], more: Mapping[str, str]
) -> Figure:
    ours, theirs = sides
    found = compare([(a.rate, b.rate) for a, b in zip(ours, theirs, strict=True)])
    parts = {
        "ours": f"{amount(found.a)}/s",
        "constant": f"{amount(found.b)}/s",
        "p99": f"{amount(max(result.p99 for result in ours))} ms",
        **more,
        "pairs": str(found.pairs),
        PROCESSOR: ", ".join(processor(results)[PROCESSOR] for results in sides),
    }
    kept = tuple({"ours": a.as_json(), "constant": b.as_json()} for a, b in zip(ours, theirs, strict=True))
    return Figure.of_ratio(name, title, found, must, parts, kept)
