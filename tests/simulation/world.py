"""A world of processes whose every step the seed decides: who goes on, who dies, what is lost, late or double.

Each thread of a process is a greenlet. Whatever it does to the outside is a step: it lets go of the processor for a while
that the seed draws, and comes back, or does not. A dead process does nothing any more, not even what it meant to do last.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import heappop, heappush
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

MOST_STEPS = 20_000


class Dead(BaseException):
    """The process of this thread has died."""


class Violation(BaseException):
    """Something that must hold does not."""


class Unfinished(Violation):
    """The world does not come to rest."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things go wrong, each by step or by message; all zero when it is quiet."""

    crash: float = 0.0
    unsent: float = 0.0
    unanswered: float = 0.0
    freeze: float = 0.0
    ring_lost: float = 0.0
    ring_doubled: float = 0.0
    ring_late: float = 0.0
    reply_lost: float = 0.0
    reply_doubled: float = 0.0

    @property
    def any_step(self) -> float:
        """How often anything befalls a step."""
        return self.crash + self.unsent + self.unanswered + self.freeze


QUIET = Rates()


@dataclass(eq=False)
class Task:
    """A thread of a process. `turn` tells the wake-up that is meant from those that came to nothing."""

    run: greenlet
    process: "Process"
    name: str
    turn: int = 0
    woken: bool = False


@dataclass(eq=False)
class Process:
    """A process: its threads, how far its clock is off, and how it is begun again."""

    world: "World"
    name: str
    begin: Callable[["Process"], None]
    dead: bool = False
    frozen_until: float = 0.0
    clock_off: float = 0.0
    tasks: list[Task] = field(default_factory=list)

    def start(self, name: str, does: Callable[[], Any]) -> Task:
        """Begin a thread."""
        return self.world.spawn(self, name, does)


class World:
    """Time, chance and every process."""

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        self.seed, self.dice = seed, Random(seed)
        self.now, self.steps, self.rates = 0.0, 0, QUIET
        self.counts: Counter[str] = Counter()
        self.trace: list[str] | None = [] if trace else None
        self.task: Task | None = None
        self.broken: BaseException | None = None
        self.ledger_away_until = 0.0
        self.sluggish = self.dice.choice((0.01, 0.03, 0.2))
        self._order = 0
        self._processes: dict[Process, None] = {}
        self._due: list[tuple[float, int, Task | None, int, Callable[[], None] | None]] = []
        self._told = blake2b(digest_size=16)
        self._main = getcurrent()

    @property
    def hash(self) -> str:
        """What happened, in sixteen bytes."""
        return self._told.hexdigest()

    def seconds(self) -> float:
        """The time of the world."""
        return self.now

    def note(self, who: str, what: str) -> None:
        """Something happened."""
        line = f"{self.now:10.6f} {who:12} {what}"
        self._told.update(line.encode())
        if self.trace is not None:
            self.trace.append(line)

    def happens(self, rate: float, what: str) -> bool:
        """Whether something of this rate happens now."""
        if rate and self.dice.random() < rate:
            self.counts[what] += 1
            return True
        return False

    def latency(self) -> float:
        """Seconds that one step takes: most take a moment, a few take long."""
        roll = self.dice.random()
        return roll * 2e-3 if roll > self.sluggish else self.dice.random() * 0.2

    def process(self, name: str, begin: Callable[[Process], None]) -> Process:
        """A process, begun."""
        made = Process(self, name, begin, clock_off=self.dice.choice((0.0, 0.0, -90.0, 90.0)))
        begin(made)
        return made

    def spawn(self, process: Process, name: str, does: Callable[[], Any]) -> Task:
        """A thread that begins soon."""

        def run() -> None:
            try:
                does()
            except Dead:
                pass
            except BaseException as broken:  # noqa: BLE001 (a thread that nobody looks after ends the run)
                self.broken = broken

        task = Task(greenlet(run, self._main), process, f"{process.name}/{name}")
        process.tasks.append(task)
        self._processes[process] = None
        self._later(self.dice.random() * 1e-3, task)
        return task

    def at(self, seconds: float, does: Callable[[], None]) -> None:
        """Something that happens by itself after so many seconds."""
        self._order += 1
        heappush(self._due, (self.now + seconds, self._order, None, 0, does))

    def sleep(self, seconds: float) -> None:
        """The thread that runs rests for so long."""
        task = self._running()
        self._later(seconds, task)
        self._switch(task)

    def park(self, seconds: float) -> bool:
        """The thread that runs rests until it is woken, at most for so long; whether it was woken."""
        task = self._running()
        task.woken = False
        self.sleep(seconds)
        return task.woken

    def wake(self, task: Task) -> None:
        """Let a thread that is parked go on."""
        task.woken = True
        self._later(self.dice.random() * 1e-4, task)

    def kill(self, process: Process) -> None:
        """The process ends here and now; somebody begins it again."""
        if process.dead:
            return
        process.dead = True
        self.note(process.name, "dies")
        self.at(0.0, lambda: _bury(process))
        self.at(0.05 + self.dice.random(), lambda: self._again(process))

    def run(self, until: Callable[[], bool]) -> None:
        """Let everybody go on until that is so. Unfinished: it never was."""
        while self._due:
            at, _, task, turn, does = heappop(self._due)
            if task is not None and (task.turn != turn or task.process.dead):
                continue
            self.now = max(self.now, at)
            if does is not None:
                does()
            elif task is not None and task.process.frozen_until > self.now:
                self._later(task.process.frozen_until - self.now, task)
            elif task is not None:
                self._go_on(task)
            if self.broken is not None:
                raise self.broken
            if until():
                return
        raise Unfinished("nobody does anything any more")

    def bury(self) -> None:
        """End every thread that is left."""
        for process in self._processes:
            process.dead = True
            _bury(process)

    def _go_on(self, task: Task) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unfinished(f"no rest after {MOST_STEPS} steps")
        self.task = task
        task.turn += 1
        task.run.switch()

    def _switch(self, task: Task) -> None:
        self._main.switch()
        if task.process.dead:
            raise Dead

    def _running(self) -> Task:
        assert self.task is not None
        if self.task.process.dead:
            raise Dead
        return self.task

    def _later(self, seconds: float, task: Task) -> None:
        self._order += 1
        heappush(self._due, (self.now + seconds, self._order, task, task.turn, None))

    def _again(self, process: Process) -> None:
        self.process(process.name, process.begin)


def _bury(process: Process) -> None:
    """End the threads of a dead process: each learns of it where it stands, and can do nothing about it."""
    for task in process.tasks:
        if not task.run.dead:
            process.world.task = task
            with suppress(Dead):  # because one that has not begun yet has nobody else to tell
                task.run.throw(Dead)
