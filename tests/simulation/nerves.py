"""What a process feels of the ledger: each step may be its last, its connection's, or a long one."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from tests.simulation.world import Dead, Process, World


@dataclass(frozen=True)
class Nerves:
    """What lies between a process and the ledger: each step may be its last, its connection's, or a long one."""

    world: World
    process: Process

    def reach(self, what: str) -> None:
        """Something is asked of the ledger: it may never get there."""
        world = self._step(what)
        if world.ledger_away_until > world.now:
            raise psycopg.OperationalError("the ledger is away")
        if world.rates.any_step:
            self._befall(world, what, lost="unsent", rate=world.rates.unsent)

    def answer(self, what: str) -> None:
        """Something was done: it may never be heard."""
        world = self.world
        if self.process.dead:
            raise Dead
        if world.rates.any_step:
            self._befall(world, what, lost="unanswered", rate=world.rates.unanswered)

    def wait(self) -> None:
        """A moment of waiting for somebody else."""
        self._step("wait")
        self.world.sleep(0.02)

    def leave(self, end: Callable[[], None]) -> None:
        """A session is given back; that its process is gone is noticed at once, or, with its machine, late."""
        if self.process.dead and self.world.dice.random() < 0.3:
            self.world.at(3 * self.world.dice.random(), end)
        else:
            end()

    def _step(self, what: str) -> World:
        world = self.world
        if self.process.dead:
            raise Dead
        assert world.task is not None
        world.note(world.task.name, what)
        world.sleep(world.latency())
        return world

    def _befall(self, world: World, what: str, *, lost: str, rate: float) -> None:
        roll, rates = world.dice.random(), world.rates
        if roll < rates.crash:
            world.counts[f"crash at {what}"] += 1
            world.kill(self.process)
            raise Dead
        if roll < rates.crash + rates.freeze:
            world.counts["frozen"] += 1
            self.process.frozen_until = world.now + 4 * world.dice.random()
            world.sleep(0.0)
        elif roll < rates.crash + rates.freeze + rate:
            world.counts[f"{lost} {what}"] += 1
            world.note(self.process.name, f"{lost} {what}")
            raise psycopg.OperationalError(f"the connection was lost: {lost} {what}")
