"""A gateway as steps: the real appender and the real waiting for answers, with calls in the place of requests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast
from uuid import UUID

import psycopg

from api_gateway.appender import Appender, OutcomeUnknownError
from api_gateway.problems import Problem
from api_gateway.replies import LOOK_AFTER, Replies, Told, Waiter, asked_by
from domain.command import Command, Envelope
from store.command_log import places_of
from store.reads import base, operations
from tests.simulation.bell import MemoryRedis, WorldBell, WorldClock
from tests.simulation.ledger import Session, Store
from tests.simulation.nerves import Nerves
from tests.simulation.world import Process, Task, World


@dataclass(eq=False)
class Call:
    """A request that waits at a gateway. `durable`: its command is in the log."""

    task: Task
    sent: Envelope[Command]
    durable: bool = False
    refused: bool = False
    told: Told | None = None

    def done(self) -> bool:
        """Whether it was answered."""
        return self.told is not None

    def set_result(self, told: Told) -> None:
        """Answer it."""
        self.told = told
        self.task.process.world.wake(self.task)

    def set_exception(self, problem: Problem) -> None:
        """Refuse it as the gateway itself does, as the journal would have it."""
        self.set_result(Told({"refused": {"code": problem.code}}, {}))


class Waiting(Replies):
    """The answers of a gateway, looked up over the ledger in memory."""

    def __init__(self, store: Store, nerves: Nerves, name: str, clock: WorldClock) -> None:
        super().__init__(cast("Any", None), cast("Any", None), name, clock)
        self._store, self._nerves = store, nerves

    @property
    def anybody(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def wait(self, call: Call) -> None:
        """A call waits for its answer."""
        waiter = self._waiting.setdefault(asked_by(call.sent), Waiter(call.sent.tenant_id, self._clock.monotonic()))
        waiter.listeners.append(cast("Any", call))

    def take(self, message: bytes) -> None:
        """Answers that were told."""
        self._take(message)

    def look_up(self) -> None:
        """Look up whatever was not answered soon."""
        looking = self._look_up(LOOK_AFTER)
        try:
            looking.send(None)
        except StopIteration:
            return
        raise AssertionError("a look-up waits for nothing but the ledger")

    async def _outcomes(self, tenant_id: UUID, command_ids: Iterable[str]) -> Sequence[operations.Outcome]:
        session = Session(self._store, self._nerves)
        try:
            with session.together():
                session.exec_driver_sql(base.SEE_TENANT, (str(tenant_id),))
                found = session.exec_driver_sql(operations._OUTCOMES, (list(command_ids),))
            self._nerves.world.counts["looked up"] += 1
            return [operations.Outcome(*row) for row in found]
        finally:
            self._nerves.leave(session.end)


@dataclass(eq=False)
class Gateway:
    """A gateway process: appends what came together, rings, tells, looks up."""

    world: World
    store: Store
    server: MemoryRedis
    partitions: int
    process: Process
    _gathered: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin its threads."""
        clock, nerves = WorldClock(self.process), Nerves(self.world, self.process)
        self.name = self.process.name
        clock.follow(self.store.now())
        self._waiting = Waiting(self.store, nerves, self.name, clock)
        self._bell = WorldBell(self.server, self.process)
        self._appender = Appender(self.name, partial(self._connected, nerves), clock)
        self.server.heard_by[f"replies:{self.name}"] = self._hear
        self._appending = self.process.start("append", self._append_on)
        self._looking = self.process.start("look", self._look_on)

    def call(self, call: Call) -> None:
        """A request has come."""
        self._waiting.wait(call)
        self._gathered.append(call)
        self.world.wake(self._appending)
        self.world.wake(self._looking)

    def _connected(self, nerves: Nerves) -> Session:
        self.world.counts["append connected"] += 1
        return Session(self.store, nerves)

    def _append_on(self) -> None:
        while True:
            if not self._gathered:
                self.world.park(60.0)
                continue
            group, self._gathered = self._gathered, []
            self._append(group)

    def _append(self, group: list[Call]) -> None:
        by_place = places_of((call.sent for call in group), self.partitions)
        try:
            self._appender.append(by_place)
        except OutcomeUnknownError:
            self.world.counts["append unknown"] += 1
            for call in group:
                call.refused = True
                self.world.wake(call.task)
            return
        for call in group:
            call.durable = True
        self._bell.ring((place.topic, place.part) for place in by_place)

    def _look_on(self) -> None:
        while True:
            if not self._waiting.anybody:
                self.world.park(60.0)
                continue
            self.world.sleep(LOOK_AFTER)
            try:
                self._waiting.look_up()
            except psycopg.Error:
                self.world.counts["look-up failed"] += 1

    def _hear(self, message: bytes) -> None:
        if not self.process.dead:
            self._waiting.take(message)
