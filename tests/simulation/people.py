"""Those outside: people who want in and press again, a shop that completes, an organizer who changes the mind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.command import Actor, Command, Envelope
from domain.distribution.state import Scope
from domain.queue import commands as c
from domain.queue.state import Queue
from store.journal import is_open
from tests.simulation.gateway import Call, Gateway
from tests.simulation.world import Process, World

PATIENCE = 1.5
OPERATOR = Actor("key", UUID(int=9))


@dataclass(eq=False)
class Asked:
    """A command that somebody sent, when, when it was first known to be in the log, and every answer.

    `misuses` are answers to other bodies under its key.
    """

    sent: Envelope[Command]
    at: float
    acknowledged: float | None = None
    answers: list[dict[str, Any]] = field(default_factory=list)
    misuses: list[dict[str, Any]] = field(default_factory=list)
    tries: int = 0


@dataclass(eq=False)
class Outside:
    """Everybody outside, and what they know."""

    world: World
    gateways: dict[str, Gateway]
    queues: Sequence[Queue]
    asked: dict[UUID, Asked] = field(default_factory=dict)
    busy: int = 0
    pace: float = 1.5

    def begin(self, people: int, things: int) -> None:
        """So many people do so many things each; an organizer does a few."""
        self.pace = self.world.dice.choice((1.5, 1.5, 0.01))
        crowd = Process(self.world, "people", lambda _: None)
        for number in range(people):
            person = UUID(int=0x5EED << 100 | number)
            self._begin(crowd, f"person {number}", lambda person=person: self._live(person, things))
        self._begin(crowd, "organizer", lambda: self._organize(self.world.dice.randrange(4)))

    def poison(self, command: Command) -> Envelope[Command]:
        """Somebody sends a command over which something breaks, once, and does not wait."""
        crowd = Process(self.world, "stranger", lambda _: None)
        sent = self._envelope(command, Actor("consumer", UUID(int=3)), keyed=False)
        self._begin(crowd, "poison", lambda: self._ask(sent, again=False))
        return sent

    def _begin(self, crowd: Process, name: str, does: Callable[[], None]) -> None:
        def done() -> None:
            does()
            self.busy -= 1

        self.busy += 1
        crowd.start(name, done)

    def _live(self, person: UUID, things: int) -> None:
        dice = self.world.dice
        queue = dice.choice(self.queues)
        for nth in range(things):
            self.world.sleep(dice.random() * self.pace)
            self.ask(self._wanted(queue, person, nth), Actor("consumer", person))

    def _wanted(self, queue: Queue, person: UUID, nth: int) -> Command:
        dice, named = self.world.dice, {"queue_id": queue.id, "consumer_id": person}
        roll = dice.random()
        if nth == 0 or roll < 0.3:
            return c.EnterQueue(**named)
        if roll < 0.5:
            return c.LeaveQueue(**named)
        if roll < 0.9:
            return c.CompleteGrant(**named, order_id=f"{person.int & 0xFF}-{dice.randrange(3)}")
        return c.NotePresence(queue_id=queue.id, entry_ids=(), listened=True)

    def _organize(self, things: int) -> None:
        dice = self.world.dice
        for _ in range(things):
            self.world.sleep(dice.random() * 2)
            queue, person = dice.choice(self.queues), UUID(int=0x5EED << 100 | dice.randrange(4))
            wanted: list[Command] = [
                c.PauseQueue(queue_id=queue.id, scope=dice.choice(list(Scope))),
                c.ResumeQueue(queue_id=queue.id, extend_grants_seconds=dice.choice((0, 2))),
                c.AdmitEntry(queue_id=queue.id, consumer_id=person),
                c.DenyEntry(queue_id=queue.id, consumer_id=person, reason="ADMIN_ACTION"),
                c.UpdateQueue(queue_id=queue.id, changes={"maxActiveGrants": dice.choice((None, 2, 5))}),
            ]
            self.ask(dice.choice(wanted), OPERATOR)
        for queue in self.queues:
            self.ask(c.ResumeQueue(queue_id=queue.id), OPERATOR)

    def ask(self, command: Command, actor: Actor) -> None:
        """Send a command until it is answered; now and then press twice, or name no key and send it once."""
        dice = self.world.dice
        keyed = dice.random() < 0.85
        sent = self._envelope(command, actor, keyed=keyed)
        if keyed and dice.random() < 0.2:
            self.world.counts["pressed twice"] += 1
            self._begin(Process(self.world, "people", lambda _: None), "twice", lambda: self._ask(sent, again=True))
        self._ask(sent, again=keyed)
        if keyed and dice.random() < 0.1:
            self._misuse(sent)

    def _misuse(self, sent: Envelope[Command]) -> None:
        """Send another body under a key for which something is decided already."""
        first, other = self.asked[sent.id], c.UpdateQueue(queue_id=sent.body.aggregate_id, changes={"name": "Other"})
        if not first.answers or is_open(first.answers[-1]):
            return
        misused = Asked(replace(sent, body=other, keyed="another print"), self.world.now)
        if self._answered(misused):
            self.world.counts["other body"] += 1
            first.misuses += misused.answers

    def _envelope(self, command: Command, actor: Actor, *, keyed: bool) -> Envelope[Command]:
        own_id = UUID(int=self.world.dice.getrandbits(128))
        return Envelope(own_id, self.queues[0].tenant_id, actor, own_id, command, "", 0, "print" if keyed else None)

    def _ask(self, sent: Envelope[Command], *, again: bool) -> None:
        world = self.world
        asked = self.asked.setdefault(sent.id, Asked(sent, world.now))
        while True:
            asked.tries += 1
            if self._answered(asked):
                return
            if not again:
                return
            world.counts["asked again"] += 1
            world.sleep(world.dice.random())

    def _answered(self, asked: Asked) -> bool:
        """One request, as HTTP has it: answered, accepted (202), refused as unknown (503), or the gateway is gone."""
        world, gateway = self.world, self.gateways[self.world.dice.choice(sorted(self.gateways))]
        assert world.task is not None
        sent = Envelope(
            asked.sent.id, asked.sent.tenant_id, asked.sent.actor, asked.sent.request_id, asked.sent.body,
            gateway.name, 0, asked.sent.keyed,
        )  # fmt: skip
        call, until = Call(world.task, sent), world.now + PATIENCE
        world.sleep(world.dice.random() * 2e-3)
        if gateway.process.dead:
            return False
        gateway.call(call)
        while not call.done() and not call.refused and world.now < until:
            world.park(until - world.now + 1e-6)
        world.note("people", f"{sent.body.type} {sent.id} {'answered' if call.told else call.durable}")
        if gateway.process.dead:
            return False
        if call.told is not None or call.durable:
            asked.acknowledged = world.now if asked.acknowledged is None else asked.acknowledged
        if call.told is not None:
            asked.answers.append(call.told.stored)
        return call.told is not None
