"""A whole installation in one process: a ledger, a Redis, gateways, workers, schedulers, and what befalls them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, ClassVar, cast
from uuid import UUID

import psycopg

import workers.admission  # noqa: F401 (the handlers of queues)
from domain.queue.commands import EnterQueue, LeaveQueue
from runtime.broker import takes_writes
from store.command_log import Place
from tests.simulation import checks
from tests.simulation.bell import MemoryRedis, WorldBell, WorldClock
from tests.simulation.founding import founded, rates_of
from tests.simulation.gateway import Gateway
from tests.simulation.ledger import Memory, Store
from tests.simulation.nerves import Nerves
from tests.simulation.of_the_log import make_partitions
from tests.simulation.people import Outside
from tests.simulation.statements import Guard, without
from tests.simulation.transaction import Statement, Transaction
from tests.simulation.world import QUIET, Dead, Process, World
from tests.support.works import NobodySigns
from workers.drain import Drain, Round
from workers.firing import Firing
from workers.replies import RedisReplies
from workers.sweeper import Sweeper
from workers.unrung import Unrung

PARTITIONS = 2
THREADS = 2
KILLER, SPOILER = UUID(int=0xDEAD), UUID(int=0xBAD)


class Watched(Drain):
    """The drain, and a count of how its rounds ended."""

    told: ClassVar[str] = "round"

    def round(self, place: Place) -> Round:
        """One transaction."""
        ended = Drain.round(self, place)
        cast("WorldBell", self.bell).server.world.counts[f"{self.told} {ended.name}"] += 1
        return ended


class Unasked(Watched):
    """The drain of whoever looks for work while nobody is rung."""

    told = "unrung round"


class Hasty(Watched):
    """A drain that answers before it commits."""

    def write(self, connection: Any, work: Any, decided: Any) -> Any:
        """Tell first."""
        told = Drain.write(self, connection, work, decided)
        self.replies.publish(decided)
        return told


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed is made of. `gone` are the guards that are removed; `calm` lets nothing go wrong by itself."""

    gone: frozenset[Guard] = frozenset()
    calm: bool = False


@dataclass(eq=False)
class House:
    """The installation of one seed."""

    world: World
    plan: Plan = field(default_factory=Plan)
    poison: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Build it."""
        world, dice = self.world, self.world.dice
        self.store = Store(self._resolve(), world.seconds)
        self.server = MemoryRedis(world)
        self.gateways: dict[str, Gateway] = {}
        self.processes: dict[str, Process] = {}
        with Memory(self.store).begin() as connection:
            make_partitions(connection.begun(), ("queue",), PARTITIONS)
            self.queues = founded(connection, dice)
        self.store.committing, self.store.committed = self._committing, self._committed
        self.outside = Outside(world, self.gateways, self.queues)

    def open(self) -> None:
        """Begin every process and everybody outside."""
        dice = self.world.dice
        for number in range(2):
            self._begin(f"gateway {number}", self._gateway)
        for number in range(2 + dice.randrange(2)):
            self._begin(f"worker {number}", self._worker)
        for number in range(2):
            self._begin(f"scheduler {number}", self._scheduler)
        self.outside.begin(3 + dice.randrange(4), 2 + dice.randrange(3))

    def trouble(self, seconds: float) -> None:
        """What the seed has in store within so many seconds."""
        world, dice = self.world, self.world.dice
        if self.plan.calm:
            return
        world.rates = rates_of(dice)
        troubles = (self._flush, self._redis_away, self._ledger_away, self._clock_jumps, self._kill_one)
        for _ in range(dice.randrange(4)):
            world.at(dice.random() * seconds, dice.choice(troubles))
        if dice.random() < 0.08:
            self._poison(dice)

    def calm_down(self) -> None:
        """Nothing goes wrong any more."""
        self.world.rates = QUIET
        self.world.ledger_away_until = self.server.away_until = 0.0

    def at_rest(self) -> bool:
        """Whether nobody waits for anything and nothing is due."""
        store = self.store
        if self.outside.busy or store.tables["command_log"].rows or store.locks:
            return False
        now = store.now()
        if any(row["due_at"] <= now for row in store.tables["timer"].rows.values()):
            return False
        return not any(row["strikes"] for row in store.tables["log_partition"].rows.values())

    def unrest(self) -> str:
        """What does not rest."""
        tables = self.store.tables
        waiting, timers = len(tables["command_log"].rows), list(tables["timer"].rows.values())
        return f"busy {self.outside.busy}, log {waiting}, locks {list(self.store.locks)}, timers {timers}"

    def check(self) -> None:
        """Raise what does not hold."""
        checks.check_rested(self.store, self.outside.asked, self.poison)
        answers = (answer for one in self.outside.asked.values() for answer in one.answers)
        self.world.counts["answered again"] += sum("replayed" in answer for answer in answers)
        self.world.counts["buried"] += len(self.store.tables["dead_command"].rows)
        self.world.counts["lock waits"] += self.store.waited
        self.world.counts["idle sessions ended"] += self.store.ended_idle

    def _begin(self, name: str, does: Callable[[Process], None]) -> None:
        def begin(process: Process) -> None:
            self.processes[name] = process
            does(process)

        self.world.process(name, begin)

    def _gateway(self, process: Process) -> None:
        self.gateways[process.name] = Gateway(self.world, self.store, self.server, PARTITIONS, process)

    def _worker(self, process: Process) -> None:
        ledger, clock = Memory(self.store, Nerves(self.world, process)), WorldClock(process)
        kind = Hasty if Guard.COMMIT_BEFORE_REPLY in self.plan.gone else Watched
        bell = WorldBell(self.server, process)
        drain = kind(ledger, PARTITIONS, bell, RedisReplies(self.server, NobodySigns()), clock)  # type: ignore[arg-type]
        for number in range(THREADS):
            process.start(f"drain {number}", lambda: self._drain_on(drain))
        unasked = Unasked(ledger, PARTITIONS, bell, drain.replies, clock)
        takes = partial(takes_writes, self.server)  # type: ignore[arg-type] # all that is asked of a client is to write
        look = Unrung(unasked, ("queue",), [takes], clock)
        process.start("unrung", lambda: self._step_on(look, 0.5))

    def _scheduler(self, process: Process) -> None:
        ledger, clock = Memory(self.store, Nerves(self.world, process)), WorldClock(process)
        bell = WorldBell(self.server, process)
        process.start("timers", lambda: self._step_on(Firing(ledger, PARTITIONS, bell.ring, clock), 0.3))
        if Guard.SWEEPER not in self.plan.gone:
            process.start("sweeper", lambda: self._step_on(Sweeper(ledger, self._swept(bell), None), 0.4))

    def _swept(self, bell: WorldBell) -> Callable[[str, int], None]:
        def ring(topic: str, part: int) -> None:
            self.world.counts["swept"] += 1
            bell.ring_now(topic, part)

        return ring

    def _drain_on(self, drain: Drain) -> None:
        while True:
            place = self.server.next_message()
            try:
                drain(*place)
            except Exception as failure:  # noqa: BLE001 (the worker goes on whatever an actor raises)
                self.world.counts[f"drain raised {type(failure).__name__}"] += 1

    def _step_on(self, step: Callable[[], float], least: float) -> None:
        while True:
            try:
                step()
            except Exception:  # noqa: BLE001 (whatever breaks in a step, the next one is wanted)
                self.world.counts["step raised"] += 1
            self.world.sleep(least * (0.75 + self.world.dice.random() / 2))

    def _flush(self) -> None:
        self.world.counts["redis flushed"] += 1
        self.server.flush()

    def _redis_away(self) -> None:
        self.world.counts["redis away"] += 1
        self.server.flush()
        self.server.away_until = self.world.now + 3 * self.world.dice.random()

    def _ledger_away(self) -> None:
        self.world.counts["ledger away"] += 1
        self.world.ledger_away_until = self.world.now + 1.5 * self.world.dice.random()
        for session in list(self.store.sessions):
            session.end(psycopg.errors.AdminShutdown("the ledger goes down"))

    def _clock_jumps(self) -> None:
        self.world.counts["ledger's clock jumped"] += 1
        self.store.ahead += timedelta(seconds=self.world.dice.uniform(-3, 3))

    def _kill_one(self) -> None:
        name = self.world.dice.choice(sorted(self.processes))
        self.world.counts[f"killed {name.split()[0]}"] += 1
        self.world.kill(self.processes[name])

    def _poison(self, dice: Random) -> None:
        queue = dice.choice(self.queues)
        deadly = LeaveQueue(queue_id=queue.id, consumer_id=KILLER)
        spoiling = EnterQueue(queue_id=queue.id, consumer_id=SPOILER)
        self.poison.add(self.outside.poison(dice.choice((deadly, spoiling))).id)

    def _committing(self, tx: Transaction) -> None:
        if Guard.PARTITION_LOCK not in self.plan.gone:
            checks.check_writer(tx, PARTITIONS)
        if self._who(tx).startswith("scheduler") and "command_log" in tx.writes:
            checks.check_fired(tx)

    def _committed(self, tx: Transaction) -> None:
        checks.check_counts(self.store, checks.queues_of(tx))

    @staticmethod
    def _who(tx: Transaction) -> str:
        process: Process | None = getattr(tx.session.wire, "process", None)
        return "" if process is None else process.name

    def _resolve(self) -> Callable[[str], Statement]:
        known = without(self.plan.gone)
        wrapped = {"entries_of_people": self._deadly, "insert queue_entry": self._spoiled}
        kept: dict[str, Statement] = {}

        def resolve(statement: str) -> Statement:
            meaning = kept.get(statement)
            if meaning is None:
                meaning = known(statement)
                wrap = wrapped.get(meaning.__name__)
                meaning = kept[statement] = meaning if wrap is None else wrap(meaning)
            return meaning

        return resolve

    def _deadly(self, meaning: Statement) -> Statement:
        def read(tx: Transaction, values: Any) -> Any:
            if KILLER in values[2]:
                self.world.counts["killed by a command"] += 1
                self.world.kill(tx.session.wire.process)  # type: ignore[attr-defined]
                raise Dead
            return meaning(tx, values)

        return read

    def _spoiled(self, meaning: Statement) -> Statement:
        def write(tx: Transaction, values: Any) -> Any:
            if str(SPOILER) in values[0]:
                raise psycopg.errors.NumericValueOutOfRange("spoiled")
            return meaning(tx, values)

        return write
