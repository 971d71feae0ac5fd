"""Twice the load that it can carry: what is still answered, how long that takes, and what another organization notices."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Self

from bench.apart import Apart
from bench.bench import Bench
from bench.entering import Entering
from bench.figure import Figure
from bench.figures.enters import enters_once
from bench.neighbour import neighbour
from bench.people import Person
from bench.plan import Plan
from bench.report import amount
from bench.result import Result, percentile
from bench.rows import one_row
from bench.system import System, tomorrow
from bench.usage import family, resident_mb

TIMES = 2.0
CONNECTIONS = 1_024
"""Callers that do not wait for each other: far more than there are places in a gateway."""

LIGHT = 50
"""Enters per second of the neighbour, due at fixed instants."""

_AFTER_SECONDS = 8.0
_REFUSED = (429, 503)
_MOST_EACH = 1.5
_PATIENCE_SECONDS = 60.0
_WAITS = b"SELECT count(*) FROM command_log"


@dataclass(frozen=True, slots=True)
class _Run:
    """One overload of `seconds`: answers of the crowd and of the neighbour, memory (MB) before and at most, by process."""

    peak: float
    began: float
    seconds: float
    crowd: Result
    light: Result
    before: dict[str, float]
    most: dict[str, float]
    emptied: float

    @property
    def ended(self) -> float:
        """When nobody pressed any more, in seconds since 1970."""
        return self.began + self.seconds

    def neighbour(self, *, meanwhile: bool) -> list[float]:
        """The neighbour's latencies in ms during the overload, or before it, ascending."""
        return sorted(took for due, took, _ in self.light.samples if self._meets(due, meanwhile=meanwhile))

    def _meets(self, due: float, *, meanwhile: bool) -> bool:
        return self.began + 1 <= due < self.ended if meanwhile else due < self.began - 1

    def kept_up(self) -> list[float]:
        """Accepted answers of each whole second of the overload, as a share of the peak. Its first second is left out."""
        answered = [due + took / 1000 - self.began for due, took, status in self.crowd.samples if 200 <= status < 300]
        seconds = range(1, int(self.seconds))
        return [sum(second <= at < second + 1 for at in answered) / self.peak for second in seconds]

    def took(self, *, accepted: bool) -> list[float]:
        """Latencies of what was accepted, or refused, in ms, ascending."""
        return sorted(took for _, took, status in self.crowd.samples if (200 <= status < 300) is accepted)

    def recovered(self) -> float:
        """Seconds from the end until the log was empty, and a whole second of answers, all but one, is as before."""
        return max(self.emptied, next(after for after in self._afterwards() if self._is_usual(after)))

    def _afterwards(self) -> Iterator[float]:
        """Every quarter of a second after the end; endlessly late when there are no more."""
        yield from (quarter / 4 for quarter in range(int(4 * (_AFTER_SECONDS - 1))))
        yield math.inf

    def _is_usual(self, after: float) -> bool:
        usual, begin = _MOST_EACH * percentile(self.neighbour(meanwhile=False), 0.99), self.ended + after
        late = [due for due, took, _ in self.light.samples if begin <= due < begin + 1 and took > usual]
        return len(late) <= 1


def overload(bench: Bench) -> list[Figure]:
    """The peak of callers who wait for each other, then twice as much by callers who do not."""
    runs = [_once(bench) for _ in range(max(1, bench.pairs // 2))]
    return [_throughput(runs), _latency(runs), _unhelpful(runs), _memory(runs), _recovery(runs), _beside(runs)]


def _once(bench: Bench) -> _Run:
    system, seconds = bench.system, 12 * bench.seconds
    beside = neighbour(system)
    people = system.people(bench.people(most_per_second=6_000))
    peak = enters_once(Entering(system, lambda: people), bench.seconds).rate
    rate = TIMES * peak
    crowd = _pressing(system, system.people(int(rate * (seconds + 1))), rate, seconds)
    apart = max(10.0, seconds / 2)
    light = _entering(beside, Plan(
        system.host, system.port, 16, apart + seconds + _AFTER_SECONDS, rate=LIGHT, warmup_seconds=2.0, keep=True,
    ))  # fmt: skip
    system.settle()
    with Apart(*light) as steady:
        time.sleep(apart + 2.0)
        with _Watch(system) as watch, Apart(*crowd) as pressing:
            found = pressing.result()
            began = min(due for due, _, _ in found.samples)
        emptied = _emptied(system, began + seconds)
        beside_it = steady.result()
    return _Run(peak, began, seconds, found, beside_it, watch.before, watch.most, emptied)


def _pressing(system: System, people: Sequence[Person], rate: float, seconds: float) -> tuple[Plan, list[bytes]]:
    plan = Plan(system.host, system.port, CONNECTIONS, seconds, rate=rate, keep=True)
    return plan, list(system.enters(system.new_queue(**tomorrow()), people))


def _entering(system: System, plan: Plan) -> tuple[Plan, list[bytes]]:
    people = system.people(int(LIGHT * (plan.warmup_seconds + (plan.duration or 0) + 2)))
    return plan, list(system.enters(system.new_queue(**tomorrow()), people))


def _emptied(system: System, ended: float) -> float:
    """Seconds after `ended` (seconds since 1970) at which little enough waits in the log to be the neighbour's alone.

    TimeoutError when that takes more than a minute.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    with system.connect() as connection:
        connection.autocommit = True
        while (waiting := one_row(connection, _WAITS)[0]) > 2:
            if time.monotonic() > until:
                raise TimeoutError(f"{waiting} commands still waited after {_PATIENCE_SECONDS:.0f} s")
            time.sleep(0.02)
    return max(0.0, time.time() - ended)


@dataclass
class _Watch:
    """Looks at the memory of each process, four times a second."""

    system: System
    before: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.before = self.most = self._now()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._over.wait(0.25):
            now = self._now()
            self.most = {name: max(self.most[name], now[name]) for name in now}

    def _now(self) -> dict[str, float]:
        at = self.system.installation
        pids = {"gateway": at.pid("web"), "worker": at.pid("admission")} | self.system.server_pids
        return {name: max(map(resident_mb, family(pid)), default=0.0) for name, pid in pids.items() if pid is not None}


def _throughput(runs: Sequence[_Run]) -> Figure:
    shares = sorted(share for run in runs for share in run.kept_up())
    parts = {
        "peak": f"{amount(median(run.peak for run in runs))}/s",
        "offered": f"{amount(median(TIMES * run.peak for run in runs))}/s for {runs[0].seconds:.0f} s",
        "seconds": str(len(shares)),
        "worst second": amount(min(shares, default=0)),
    }  # fmt: skip
    spread = (percentile(shares, 0.05), max(shares, default=0))
    title = "accepted enters/s at twice the peak, against the peak (median second)"
    return Figure("overload", title, percentile(shares, 0.5), "times", 0.8, True, *spread, parts)  # noqa: FBT003


def _latency(runs: Sequence[_Run]) -> Figure:
    slowest = [percentile(run.took(accepted=True), 1.0) for run in runs]
    parts = {
        "p50": f"{amount(max(percentile(run.took(accepted=True), 0.5) for run in runs))} ms",
        "p99": f"{amount(max(percentile(run.took(accepted=True), 0.99) for run in runs))} ms",
        "refusals p99": f"{amount(max(percentile(run.took(accepted=False), 0.99) for run in runs))} ms",
        "slowest refusal": f"{amount(max(percentile(run.took(accepted=False), 1.0) for run in runs))} ms",
    }
    return Figure.of_most("overload_max", "slowest answer of those enters", slowest, "ms", 5_000.0, parts)


def _unhelpful(runs: Sequence[_Run]) -> Figure:
    found = [
        float(run.crowd.bare + sum(many for status, many in run.crowd.errors.items() if status not in _REFUSED))
        for run in runs
    ]
    refused = sum(run.crowd.statuses.get(status, 0) for run in runs for status in _REFUSED)
    parts = {
        "refused": f"{refused:,} of {sum(run.crowd.count for run in runs):,}",
        "answers": _told([run.crowd for run in runs]),
    }
    return Figure.of_most(
        "overload_bare", "answers other than 200, 202, or a refusal that says when to come again", found, "", 0.0, parts
    )


def _memory(runs: Sequence[_Run]) -> Figure:
    grown = [max(run.most[name] - run.before[name] for name in ("gateway", "worker")) for run in runs]
    parts = {
        name: f"{amount(min(run.before[name] for run in runs))} to {amount(max(run.most[name] for run in runs))} MB"
        for name in runs[0].before
    }
    return Figure.of_most("overload_memory", "memory that gateway or worker took more", grown, "MB", 150.0, parts)


def _recovery(runs: Sequence[_Run]) -> Figure:
    found = [run.recovered() for run in runs]
    parts = {"log empty after": f"{amount(max(run.emptied for run in runs))} s"}
    return Figure.of_most(
        "overload_recovery", "from its end until others are answered as before", found, "s", 5.0, parts
    )


def _beside(runs: Sequence[_Run]) -> Figure:
    """For information: on a machine of which nothing is left, everybody shares what waiting there is."""
    alone = [percentile(run.neighbour(meanwhile=False), 0.99) for run in runs]
    with_it = [percentile(run.neighbour(meanwhile=True), 0.99) for run in runs]
    parts = {"alone": f"{amount(median(alone))} ms", "answers": _told([run.light for run in runs])}
    title = "p99 of another organization beside that overload"
    return Figure("overload_beside", title, median(with_it), "ms", None, False, min(with_it), max(with_it), parts)  # noqa: FBT003


def _told(results: Sequence[Result]) -> str:
    """How many answers of each status."""
    counted = sum((Counter(result.statuses) for result in results), Counter[int]())
    return ", ".join(f"{status}: {many:,}" for status, many in sorted(counted.items()))
