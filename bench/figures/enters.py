"""Committed enters per second over HTTP, against the same endpoint written the ordinary way."""

from __future__ import annotations

from bench.apart import run_apart
from bench.figure import Figure
from bench.pairs import compare, interleaved
from bench.plan import Plan
from bench.report import amount
from bench.result import Result
from bench.target import EnterTarget

CONNECTIONS = 64
WARMUP_SECONDS = 2.0
_DECIDED = (200, 201)


def enters_once(target: EnterTarget, seconds: float) -> Result:
    """Let people enter a fresh queue for `seconds` after the warm-up, and check what was answered against the store.

    Raises RuntimeError when an answer was anything but a decided entry, or when the store holds fewer people than
    were told that they are in, because such a figure would be the speed of something else.
    """
    queue_id = target.new_queue()
    plan = Plan(target.host, target.port, CONNECTIONS, seconds, warmup_seconds=WARMUP_SECONDS)
    result = run_apart(plan, target.enters(queue_id))
    if result.broken or set(result.statuses) - set(_DECIDED):
        raise RuntimeError(f"not every enter was decided: {result.statuses}, {result.broken} broken connections")
    if result.seconds < seconds:
        raise RuntimeError(f"there were people for {result.seconds:.1f} of {seconds:.1f} seconds only")
    if target.entered(queue_id) < result.count:
        raise RuntimeError(f"{result.count} were told that they are in, the store holds {target.entered(queue_id)}")
    return result


def enters(system: EnterTarget, ordinary: EnterTarget, *, pairs: int, seconds: float) -> list[Figure]:
    """The ratio of the two rates, and the slowest run's p99 of the system."""
    runs = interleaved(lambda: enters_once(system, seconds), lambda: enters_once(ordinary, seconds), pairs)
    found = compare([(a.rate, b.rate) for a, b in runs])
    parts = {"ours": f"{amount(found.a)}/s", "ordinary": f"{amount(found.b)}/s", "pairs": str(found.pairs)}
    kept = tuple({"ours": a.as_json(), "ordinary": b.as_json()} for a, b in runs)
    ratio = Figure.of_ratio("enters", "committed enters/s vs. ordinary", found, 6.0, parts, kept)
    return [ratio, _tail([a for a, _ in runs], [b for _, b in runs])]


def _tail(ours: list[Result], theirs: list[Result]) -> Figure:
    slowest = sorted(result.p99 for result in ours)
    ordinary = max(result.p99 for result in theirs)
    parts = {
        "p50": f"{amount(max(result.p50 for result in ours))} ms",
        "ordinary p99": f"{amount(ordinary)} ms",
    }
    title = "p99 of those enters (worst run)"
    limits = (slowest[0], slowest[-1])
    return Figure(
        "enters_p99", title, slowest[-1], "ms", 150.0, at_least=False, low=limits[0], high=limits[1], parts=parts
    )
