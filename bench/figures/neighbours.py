"""One organization at its ceiling, which gets 503, and what another notices of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.apart import Apart, run_apart
from bench.bench import Bench
from bench.figure import Figure
from bench.neighbour import neighbour
from bench.pairs import compare, interleaved
from bench.plan import Plan
from bench.report import amount
from bench.result import Result
from bench.system import System, running_system, tomorrow

CEILING = 8
"""Undecided commands of one organization. Gathered and decided they take twenty milliseconds: it is served some 400 a second."""

PRESSING, LIGHT = 800, 50
"""Enters per second of the one, twice what it is served, and of the other, due at fixed instants."""

_LEAD_SECONDS = 1.0
_MOST = 1.5


@dataclass(frozen=True, slots=True)
class _Pair:
    """The other organization's answers beside the one at its ceiling, and those of the one."""

    light: Result
    noisy: Result


def neighbours(bench: Bench) -> list[Figure]:
    """A light steady load alone and beside an organization at its ceiling, in turn."""
    bounded = running_system(bench.folder / "bounded", UNDECIDED_PER_ORGANIZATION=str(CEILING))
    with bench.system.at_rest(), bounded as system:
        beside = neighbour(system)
        seconds = 2 * bench.seconds
        pairs = interleaved(lambda: _beside(system, beside, seconds), lambda: _light(beside, seconds), bench.pairs)
    return [_figure([pair for pair, _ in pairs], [alone for _, alone in pairs])]


def _beside(system: System, other: System, seconds: float) -> _Pair:
    light = _plan(other, LIGHT, seconds, connections=16)
    pressed = _plan(system, PRESSING, seconds + 2 * _LEAD_SECONDS, connections=256)
    system.settle()
    with Apart(*pressed) as pressing:
        return _Pair(run_apart(*light), pressing.result())


def _light(system: System, seconds: float) -> Result:
    light = _plan(system, LIGHT, seconds, connections=16)
    system.settle()
    return run_apart(*light)


def _plan(system: System, rate: int, seconds: float, connections: int) -> tuple[Plan, list[bytes]]:
    people = system.people(int(rate * (seconds + _LEAD_SECONDS + 1)))
    plan = Plan(system.host, system.port, connections, seconds, rate=rate, warmup_seconds=_LEAD_SECONDS)
    return plan, list(system.enters(system.new_queue(**tomorrow()), people))


def _figure(pairs: Sequence[_Pair], alone: Sequence[Result]) -> Figure:
    found = compare([(pair.light.p99, one.p99) for pair, one in zip(pairs, alone, strict=True)])
    noisy, refused = (sum(pair.noisy.count for pair in pairs), sum(pair.noisy.statuses.get(503, 0) for pair in pairs))
    parts = {
        "alone": f"p50 {amount(median(one.p50 for one in alone))}, p99 {amount(found.b)} ms",
        "beside it": f"p50 {amount(median(pair.light.p50 for pair in pairs))}, p99 {amount(found.a)} ms",
        "refused of the other's": str(sum(sum(pair.light.errors.values()) for pair in pairs)),
        "refused of its own": f"{refused:,} of {noisy:,}, {sum(pair.noisy.bare for pair in pairs)} without Retry-After",
        "pairs": str(found.pairs),
    }
    title = "p99 of another organization beside one at its ceiling, vs. alone"
    return Figure("neighbours", title, found.ratio, "times", _MOST, False, found.low, found.high, parts)  # noqa: FBT003
