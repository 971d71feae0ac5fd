"""A worker's insides over the ledger in memory, turned by hand like those on real servers, and nothing goes wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import workers.admission  # noqa: F401 (the handlers of queues)
from domain.catalogue import TOPICS
from domain.command import Command, Envelope
from domain.queue.state import Queue
from runtime.clock import Clock
from store import command_log, journal
from store.command_log import Place
from store.database import see_tenants
from store.ledger import Ledger
from tests.simulation.ledger import Memory, Store
from tests.simulation.of_the_log import make_partitions
from tests.simulation.statements import meaning_of
from tests.support import factories
from tests.support.database import PARTITIONS
from workers.decide import Decided
from workers.drain import Drain
from workers.firing import Firing


class Deaf:
    """A bell and replies that nobody hears."""

    def ring(self, places: Iterable[tuple[str, int]]) -> None:
        """Nobody comes."""

    def ring_now(self, topic: str, part: int) -> None:
        """Nobody comes."""

    def lingers(self, topic: str, part: int) -> bool:
        """Nobody nudges."""
        return False

    def lower(self, topic: str, part: int) -> None:
        """It was never raised."""

    def publish(self, decided: Decided) -> None:
        """Nobody waits."""

    def nudge_readers(self, changed: Iterable[str]) -> None:
        """Nobody reads."""

    def nudge_timers(self) -> None:
        """Nobody waits for them."""


def calm_store(partitions: int = PARTITIONS) -> Store:
    """A store as a migration leaves it."""
    store = Store(meaning_of)
    with Memory(store).begin() as session:
        make_partitions(session.begun(), TOPICS, partitions)
    return store


@dataclass(frozen=True)
class MemoryWorks:
    """A store in memory with a drain."""

    store: Store = field(default_factory=calm_store)

    @property
    def ledger(self) -> Memory:
        """The store's ports."""
        return Memory(self.store)

    owner = gateway = scheduler = ledger

    @property
    def drain(self) -> Drain:
        """A drain that nobody hears."""
        ledger: Ledger = self.ledger
        return Drain(ledger, PARTITIONS, Deaf(), Deaf(), Clock())

    @property
    def firing(self) -> Firing:
        """The timers' step of a scheduler."""
        return Firing(self.ledger, PARTITIONS, Deaf().ring)

    def queue(self, **settings: Any) -> Queue:
        """A queue of an organization of its own."""
        with self.owner.begin() as connection:
            return factories.make_queue(connection, **settings)

    def append(self, envelopes: Sequence[Envelope[Command]]) -> set[Place]:
        """Append as a gateway does."""
        with self.gateway.begin() as connection:
            return command_log.append(connection, envelopes, PARTITIONS, "tests")

    def advance(self, interval: str) -> None:
        """Let the ledger's clock jump ahead by so many `... seconds`."""
        self.store.ahead += timedelta(seconds=float(interval.removesuffix(" seconds")))

    def settle(self) -> None:
        """Drain until the log is empty."""
        while places := self.waiting():
            for place in places:
                self.drain.round(place)

    def waiting(self) -> list[Place]:
        """The partitions that have something to decide."""
        found = {Place(row["topic"], row["part"]): None for row in self.store.tables["command_log"].rows.values()}
        return list(found)

    def outcomes(self, queue: Queue, command_ids: Iterable[UUID]) -> dict[UUID, Any]:
        """What the journal says, as a worker reads it."""
        with self.ledger.begin() as connection:
            see_tenants(connection, [queue.tenant_id])
            return journal.outcomes(connection, command_ids)
