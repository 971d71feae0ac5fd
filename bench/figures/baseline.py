"""The ordinary endpoint alone: what the figure `enters` is divided by, and which way of running it is faster."""

from __future__ import annotations

from bench.bench import Bench
from bench.figure import Figure
from bench.figures.enters import enters_once
from bench.ordinary.installation import FASTEST, ordinary
from bench.pairs import interleaved
from bench.report import amount
from bench.result import Result


def baseline(bench: Bench) -> list[Figure]:
    """Enters per second of the ordinary endpoint with one and with two processes, in turn."""
    people = bench.people(most_per_second=800)
    log, system = bench.folder / "ordinary.log", bench.system
    redis_url = system.installation.redis_url

    def once(workers: int, pool_size: int) -> Result:
        with ordinary(
            system.superuser_url, redis_url, log, people=people, workers=workers, pool_size=pool_size
        ) as service:
            return enters_once(service, bench.seconds)

    runs = interleaved(lambda: once(1, 8), lambda: once(*FASTEST), bench.pairs)
    return [
        _figure("ordinary_1", "ordinary enters/s, 1 process", [result for result, _ in runs]),
        _figure("ordinary_2", "ordinary enters/s, 2 processes", [result for _, result in runs]),
    ]


def _figure(name: str, title: str, results: list[Result]) -> Figure:
    ordered = sorted(results, key=lambda result: result.rate)
    typical = ordered[len(ordered) // 2]
    parts = {
        "p50": f"{amount(typical.p50)} ms",
        "p99": f"{amount(typical.p99)} ms",
        "load generator": f"{100 * typical.cpu_seconds / typical.seconds:.1f} % of a core",
    }
    return Figure(
        name=name,
        title=title,
        value=typical.rate,
        unit="/s",
        must=None,
        at_least=True,
        low=ordered[0].rate,
        high=ordered[-1].rate,
        parts=parts,
        runs=tuple(result.as_json() for result in results),
    )
