"""A queue of the real worker on a real store, as steps of a test see it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from domain.command import SYSTEM_ACTOR, Envelope
from domain.queue.commands import EnterQueue, QueueCommand
from domain.queue.state import Entry, Queue
from store.repositories.base import Tenancy
from store.repositories.entries import Entries
from store.repositories.queues import Queues
from store.repositories.requeues import Requeues
from store.roles import SCHEDULER
from tests.domain.queue.invariants import Seen
from tests.support.database import PARTITIONS
from tests.support.works import Works
from workers.firing import Firing

PATIENCE = 60
MakeRoom = Callable[..., "WorkedRoom"]


@dataclass(frozen=True, slots=True)
class WorkedRoom:
    """One queue, a worker that is turned by hand, and timers that fire when the clock was moved."""

    works: Works
    firing: Firing
    queue: Queue

    @property
    def queue_id(self) -> UUID:
        """The queue."""
        return self.queue.id

    def send_together(self, commands: Sequence[QueueCommand]) -> None:
        """Have commands decided that came in one batch."""
        self.append(*commands)
        self.settle()

    def append(self, *commands: QueueCommand) -> list[UUID]:
        """Put commands into the log, in one batch; their ids."""
        sent = [Envelope(uuid4(), self.queue.tenant_id, SYSTEM_ACTOR, uuid4(), command) for command in commands]
        self.works.append(sent)
        return [one.id for one in sent]

    def send(self, command: QueueCommand, *, command_id: UUID | None = None) -> str | None:
        """Have a command decided; the code of its refusal, if it is one."""
        return cast("str | None", (self.ask(command, command_id=command_id).get("refused") or {}).get("code"))

    def ask(self, command: QueueCommand, *, command_id: UUID | None = None) -> dict[str, Any]:
        """The stored outcome of a command."""
        sent = Envelope(command_id or uuid4(), self.queue.tenant_id, SYSTEM_ACTOR, uuid4(), command)
        self.works.append([sent])
        self.settle()
        outcome: dict[str, Any] = self.works.outcomes(self.queue, [sent.id])[sent.id]
        return outcome

    def settle(self) -> None:
        """Drain until nothing waits, which must come to pass."""
        for _ in range(PATIENCE):
            places = self.works.waiting()
            if not places:
                return
            for place in places:
                self.works.drain.round(place)
        raise AssertionError(f"the log does not run dry: {self.now().line}")

    def advance(self, seconds: float) -> None:
        """Let time pass, fire what has come due, and decide it."""
        self.works.advance(f"{seconds} seconds")
        for _ in range(PATIENCE):
            self.firing()
            if not self.works.waiting():
                return
            self.settle()

    def now(self) -> Queue:
        """The queue as it is stored."""
        with self.works.owner.begin() as connection:
            queue = Queues(Tenancy(connection, self.queue.tenant_id)).get(self.queue.id)
        assert queue is not None
        return queue

    def seen(self) -> Seen:
        """Everything that is stored."""
        with self.works.owner.begin() as connection:
            scope = Tenancy(connection, self.queue.tenant_id)
            queue = Queues(scope).get(self.queue.id)
            assert queue is not None
            found = Entries(scope).at_tickets(queue, list(range(queue.line.tickets))).values()
            second = Requeues(scope)
            for ticket in range(queue.line.tickets):
                second.want((queue.id, ticket))
            second.load()
        return Seen(queue, tuple(sorted(found, key=lambda entry: entry.first_ticket)), tuple(second.touched()))

    def ledger_now(self) -> datetime:
        """The ledger's time."""
        moment: datetime = self.works.value("SELECT ledger_now()")
        return moment


def _nobody_is_rung(places: Iterable[tuple[str, int]]) -> None:
    """Tests turn the drains by hand."""


@contextmanager
def firing_in(works: Works) -> Iterator[Firing]:
    """The timers' step of a scheduler."""
    engine = works.database.engine(SCHEDULER, pool=1)
    yield Firing(engine, PARTITIONS, _nobody_is_rung)
    engine.dispose()


@pytest.fixture
def make_room(works: Works) -> Iterator[MakeRoom]:
    """Make queues. Dates are seconds from now."""
    with firing_in(works) as firing:

        def made(**settings: Any) -> WorkedRoom:
            now = works.value("SELECT ledger_now()")
            dated = {name: now + timedelta(seconds=at) for name, at in settings.items() if name.endswith("_at")}
            return WorkedRoom(works, firing, works.queue(**settings | dated))

        yield made


def entering(room: WorkedRoom, person: UUID | None = None) -> EnterQueue:
    """Somebody joins."""
    return EnterQueue(queue_id=room.queue_id, consumer_id=person or uuid4())


def crowd(room: WorkedRoom, people: int) -> list[UUID]:
    """So many people join in one batch; their participations."""
    return room.append(*(entering(room) for _ in range(people)))


def statuses(room: WorkedRoom) -> dict[str, int]:
    """How many participations have which status."""
    counted = "SELECT status, count(*) AS people FROM queue_entry WHERE queue_id = %s GROUP BY status"
    return {row.status: row.people for row in room.works.rows(counted, room.queue_id)}


def one_of(room: WorkedRoom, own_id: UUID) -> Entry:
    """A participation as it is stored."""
    return room.seen().by_id[own_id]
