"""Redis in memory: bells, nudges, rings and replies, any of which may be lost, doubled, late, or all gone at once."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import redis

from runtime.bell import BELL_MS, LINGER_SECONDS
from runtime.clock import Clock
from tests.simulation.ledger import NOON
from tests.simulation.world import Process, Task, World

Place = tuple[str, int]


class WorldClock(Clock):
    """A process's clock, which may be wrong, over the world's time."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    def now(self) -> datetime:
        """The ledger's time as well as this process knows it."""
        return self._wall() + self.offset

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return self._process.world.now

    def pause(self, seconds: float) -> None:
        """Do nothing for so long."""
        self._process.world.sleep(seconds)

    def follow(self, ledger: datetime) -> None:
        """Follow the ledger."""
        self.offset = ledger - self._wall()

    def _wall(self) -> datetime:
        return NOON + timedelta(seconds=self._process.world.now + self._process.clock_off)


@dataclass(eq=False)
class MemoryRedis:
    """What all processes share of bells and messages; nothing in it matters."""

    world: World
    away_until: float = 0.0
    _raised: dict[Place, float] = field(default_factory=dict)
    _nudges: set[Place] = field(default_factory=set)
    _messages: deque[Place] = field(default_factory=deque)
    _idle: list[Task] = field(default_factory=list)
    _lingering: dict[Place, list[Task]] = field(default_factory=dict)
    heard_by: dict[str, Callable[[bytes], None]] = field(default_factory=dict)

    def flush(self) -> None:
        """Forget everything."""
        self._raised.clear()
        self._nudges.clear()
        self._messages.clear()

    def answers(self) -> None:
        """Raise redis.ConnectionError while it is away."""
        if self.away_until > self.world.now:
            raise redis.ConnectionError("away")

    def set(self, key: str, value: bytes, px: int) -> bool:
        """A write, for whoever asks whether one is taken."""
        self.answers()
        return True

    def ring(self, place: Place) -> None:
        """Nudge whoever lingers, and send a message unless the bell is raised."""
        unheard = self._raised.get(place, -1.0) <= self.world.now
        if unheard:
            self._raised[place] = self.world.now + BELL_MS / 1000
        self._nudges.add(place)
        lingering = self._lingering.get(place)
        if lingering:
            self.world.wake(lingering[0])
        if unheard:
            self.send(place)

    def send(self, place: Place) -> None:
        """A message to whoever drains."""
        world, rates = self.world, self.world.rates
        if world.happens(rates.ring_lost, "ring lost"):
            return
        for _ in range(1 + world.happens(rates.ring_doubled, "ring doubled")):
            late = 1.5 if world.happens(rates.ring_late, "ring late") else 2e-3
            world.at(late * world.dice.random(), lambda: self._deliver(place))

    def next_message(self) -> Place:
        """The next message, waited for."""
        world = self.world
        while not self._messages:
            assert world.task is not None
            self._idle.append(world.task)
            world.park(60.0)
        world.sleep(world.dice.random() * 1e-3)
        return self._messages.popleft() if self._messages else self.next_message()

    def raise_bell(self, place: Place) -> None:
        """While somebody lingers a ring costs no message."""
        self._raised[place] = self.world.now + BELL_MS / 1000

    def nudged(self, place: Place) -> bool:
        """Wait a little for a nudge."""
        if place not in self._nudges:
            task, lingering = self.world.task, self._lingering.setdefault(place, [])
            assert task is not None
            lingering.append(task)
            try:
                self.world.park(LINGER_SECONDS)
            finally:
                lingering.remove(task)
            self.answers()
        nudged = place in self._nudges
        self._nudges.discard(place)
        return nudged

    def lower(self, place: Place) -> None:
        """From now on a ring sends a message again."""
        self._raised.pop(place, None)

    def pipeline(self, *, transaction: bool) -> "Publishing":
        """Messages that are sent together."""
        return Publishing(self)

    def hear(self, channel: str, message: bytes) -> None:
        """A message to whoever listens by then."""
        world, rates = self.world, self.world.rates
        if channel not in self.heard_by or world.happens(rates.reply_lost, "reply lost"):
            return
        for _ in range(1 + world.happens(rates.reply_doubled, "reply doubled")):
            world.at(world.dice.random() * 5e-3, lambda: self.heard_by[channel](message))

    def _deliver(self, place: Place) -> None:
        self._messages.append(place)
        while self._idle:
            task = self._idle.pop(self.world.dice.randrange(len(self._idle)))
            if not task.process.dead:
                self.world.wake(task)
                return


class Publishing:
    """Messages on their way."""

    def __init__(self, server: MemoryRedis) -> None:
        self._server, self._messages = server, list[tuple[str, bytes]]()

    def publish(self, channel: str, message: bytes) -> None:
        """One more."""
        self._messages.append((channel, message))

    def execute(self) -> list[Any]:
        """Send them."""
        self._server.answers()
        for channel, message in self._messages:
            self._server.hear(channel, message)
        return []


@dataclass(frozen=True)
class WorldBell:
    """The bell of a process."""

    server: MemoryRedis
    process: Process
    _held: dict[Place, float] = field(default_factory=dict)

    def ring(self, places: Iterable[Place]) -> None:
        """Wake the drain of each partition, soon, if this process still lives by then."""
        for place in sorted(places):
            self._soon(place)

    def ring_now(self, topic: str, part: int) -> None:
        """Ring whatever the bell key says."""
        self.server.answers()
        self.server.send((topic, part))

    def lingers(self, topic: str, part: int) -> bool:
        """Wait a little for the next nudge; whether one came."""
        self.server.answers()
        now = self.server.world.now
        if now - self._held.get((topic, part), float("-inf")) > BELL_MS / 3000:
            self.server.raise_bell((topic, part))
            self._held[topic, part] = now
        return self.server.nudged((topic, part))

    def lower(self, topic: str, part: int) -> None:
        """From now on a ring sends a message again."""
        self.server.world.sleep(self.server.world.latency())
        self.server.answers()
        self._held.pop((topic, part), None)
        self.server.lower((topic, part))

    def _soon(self, place: Place) -> None:
        world = self.server.world
        world.at(world.dice.random() * 2e-3, lambda: self._ring(place))

    def _ring(self, place: Place) -> None:
        if self.process.dead or self.server.away_until > self.server.world.now:
            self.server.world.counts["ring unheard"] += 1
        else:
            self.server.ring(place)
