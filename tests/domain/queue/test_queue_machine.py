"""Whatever people do, in any order: a queue in memory, by its rules alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import settings

from domain.distribution.state import Scope
from domain.queue import commands as c
from domain.queue import rules
from domain.queue.state import Queue
from tests.domain.queue.invariants import Seen
from tests.domain.queue.machine import Room, WaitingRoom
from tests.domain.queue.simulation import Simulation, simulated


class InMemory(Room):
    """A simulated queue."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    @property
    def queue_id(self) -> UUID:
        """The queue."""
        return self.simulation.queue.id

    def send(self, command: c.QueueCommand, *, command_id: UUID | None = None) -> str | None:
        """Have a command decided; the code of its refusal, if it is one."""
        return getattr(self.simulation.send(command, command_id=command_id), "code", None)

    def send_together(self, commands: Sequence[c.QueueCommand]) -> None:
        """Have commands decided, one after the other."""
        for command in commands:
            self.send(command)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.simulation.advance(seconds)

    def seen(self) -> Seen:
        """Everything there is now."""
        room = self.simulation
        entries = sorted(room.entries.values(), key=lambda entry: entry.first_ticket)
        return Seen(room.queue, tuple(entries), tuple(room.second_leaves))


class SimulatedRoom(WaitingRoom):
    """Time passes when it is told to, so that what is due can be told exactly."""

    room: InMemory

    def make_room(self, settings: dict[str, Any]) -> InMemory:
        """A new queue."""
        return InMemory(simulated(**settings))

    def _look(self) -> None:
        super()._look()
        queue, now = self.room.simulation.queue, self.room.simulation.now
        assert rules.room(queue, now)[1] == 0, "somebody could be let in and is not"
        assert queue.knock_at is None or queue.knock_at > now, "something is due and is not done"

    def teardown(self) -> None:
        """In the end everybody is served or turned away, unless something holds them."""
        if hasattr(self, "room"):
            self.room.simulation.advance(20_000)
            self._look()
            queue = self.room.simulation.queue
            assert queue.line.waiting == 0 or _held(queue), queue.line


def _held(queue: Queue) -> bool:
    """Whether the line stands still for a reason."""
    most = queue.config.max_admissions
    return queue.paused(Scope.SERVICE) or (most is not None and queue.line.admitted >= most)


TestSimulatedRoom = SimulatedRoom.TestCase
TestSimulatedRoom.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
