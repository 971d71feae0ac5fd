"""Whatever people do, in any order: a draw in memory, by its rules alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import settings

from domain.distribution.state import Scope
from domain.draw import commands as c
from domain.draw.state import DrawStatus
from tests.domain.draw.invariants import Seen, check, check_between
from tests.domain.draw.machine import Room, Tombola
from tests.domain.draw.simulation import Simulation, simulated


class InMemory(Room):
    """A simulated draw. What comes together comes between the slices of whatever is due."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    @property
    def draw_id(self) -> UUID:
        """The draw."""
        return self.simulation.draw.id

    def send(self, command: c.DrawCommand, *, command_id: UUID | None = None) -> str | None:
        """Have a command decided; the code of its refusal, if it is one."""
        return getattr(self.simulation.send(command, command_id=command_id), "code", None)

    def send_together(self, commands: Sequence[c.DrawCommand]) -> None:
        """Have commands decided, with one slice of what is due after each."""
        for command in commands:
            before = self.seen()
            self.simulation.send(command, follow=False)
            check(self.seen())
            check_between(before, self.seen())
        self.simulation.knock()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.simulation.advance(seconds)

    def over(self) -> bool:
        """Whether the time of promotions is over."""
        return self.simulation.now >= self.simulation.draw.config.claims_end_at

    def seen(self) -> Seen:
        """Everything there is now."""
        room = self.simulation
        entries = sorted(room.entries.values(), key=lambda entry: entry.number)
        return Seen(room.draw, tuple(entries), tuple(step.facts for step in room.steps))


class SimulatedTombola(Tombola):
    """Time passes when it is told to, so that what is due can be told exactly."""

    room: InMemory

    def make_room(self, settings: dict[str, Any]) -> InMemory:
        """A new draw."""
        return InMemory(simulated(**settings))

    def _look(self) -> None:
        super()._look()
        assert self.room.simulation.knock_at is None or self.room.simulation.knock_at > self.room.simulation.now

    def teardown(self) -> None:
        """In the end the draw is over and nobody holds an unused win, unless something holds it."""
        if hasattr(self, "room"):
            self.room.advance(40 * 86_400)
            self._look()
            draw = self.room.simulation.draw
            waits = draw.pool.drawn_at is None and draw.paused(Scope.SERVICE)
            assert draw.status in {DrawStatus.COMPLETED, DrawStatus.VOID} or waits, draw.pool
            assert draw.pool.inside == 0


TestSimulatedTombola = SimulatedTombola.TestCase
TestSimulatedTombola.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
