"""Resident memory: a gateway that knows a hundred thousand people, a worker of a queue of a million."""

from __future__ import annotations

from datetime import timedelta

from bench.apart import run_apart
from bench.bench import Bench
from bench.entering import EnteringThere
from bench.figure import Figure
from bench.figures.enters import enters_once
from bench.figures.polls import CONNECTIONS, checked_polls, poll
from bench.plan import Plan
from bench.report import amount
from bench.system import System
from bench.usage import family, proportional_mb, resident_mb
from bench.watching import watched

GATEWAY_MB, WORKER_MB = 250.0, 300.0


def memory(bench: Bench) -> list[Figure]:
    """Each process is started anew, given its work, and looked at when the work is done."""
    return [_gateway(bench), _worker(bench)]


def _gateway(bench: Bench) -> Figure:
    """Everybody polls once, so that everybody's token and participation are cached, and then for a while again."""
    system, crowd = bench.system, bench.crowd
    system.installation.restart("web")
    requests = system.polls(crowd.queue_id, crowd.people)
    fresh = _resident(system, "web")
    checked_polls(run_apart(Plan(system.host, system.port, CONNECTIONS, count=len(requests)), requests))
    poll(system.port, requests, bench.seconds, system.meter)
    parts = {"tickets cached": f"{len(requests):,}", "just started": f"{amount(fresh)} MB"}
    title = f"resident memory of a gateway with {len(requests):,} tickets cached"
    return Figure.of_most("memory_gateway", title, [_resident(system, "web")], "MB", GATEWAY_MB, parts)


def _worker(bench: Bench) -> Figure:
    """The line opens, some are admitted, and others enter as fast as they can."""
    system, line = bench.system, bench.long_line
    system.installation.restart("admission")
    fresh = _resident(system, "admission")
    admitted = max(100, bench.size(10_000))
    line.rewind(timedelta(seconds=1), admit_rate=60 * admitted, max_admissions=admitted)
    watched(line, admitted)
    number = bench.people(most_per_second=6_000)
    crowd = EnteringThere(system, lambda: system.people(number), queue_id=line.queue_id)
    entered = enters_once(crowd, bench.seconds)
    pids = family(system.installation.pid("admission") or 0)
    parts = {
        "admitted": f"{admitted:,}",
        "entered": f"{entered.answered:,}",
        "just started": f"{amount(fresh)} MB",
        "with its parents, shared pages once": f"{amount(sum(map(proportional_mb, pids)))} MB",
    }
    title = f"resident memory of a worker of a queue of {line.waiting:,}"
    return Figure.of_most("memory_worker", title, [_resident(system, "admission")], "MB", WORKER_MB, parts)


def _resident(system: System, name: str) -> float:
    """The largest of the processes under a name: the one that does the work; a worker has a parent that waits."""
    return max(map(resident_mb, family(system.installation.pid(name) or 0)), default=0.0)
