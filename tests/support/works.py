"""A worker's insides on real servers: a store, a bell, and a drain that tests turn by hand."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis import Redis
from sqlalchemy import Engine, Row

import workers.admission
import workers.selection  # noqa: F401 (the handlers of draws)
from domain.catalogue import TOPICS
from domain.claims import Claims
from domain.command import Command, Envelope
from domain.draw.state import Draw
from domain.queue.state import Queue
from domain.receipts import TREE_HEAD
from runtime.bell import Bell
from runtime.broker import RedisRinger, redis_client
from runtime.clock import Clock
from store import command_log, journal
from store.command_log import Place
from store.database import see_tenants
from store.ledger import Postgres
from store.roles import GATEWAY, SCHEDULER, WORKER
from store.wire import partition_of
from tests.support import factories
from tests.support.database import PARTITIONS, TestDatabase
from workers.drain import Drain
from workers.replies import RedisReplies

MISKEPT = """
SELECT coalesce(e.id, g.id)::text FROM
(SELECT tenant_id, id, queue_id, ticket, granted_at, expires_at FROM queue_entry WHERE status = 'GRANTED') AS e
FULL JOIN queue_grant g USING (tenant_id, id, queue_id, ticket, granted_at, expires_at) WHERE (e IS NULL) <> (g IS NULL)"""
"""Grants that stand in one table and not in the other: whatever a test did, there are none."""


class NobodySigns:
    """For drains in which no token is made. Tree heads are told as they are, because every enter has one."""

    def sign(self, claims: Claims) -> str:
        """Nobody asks for any other."""
        assert claims.typ == TREE_HEAD, claims
        return f"unsigned:{claims.payload['root']}"


@dataclass(frozen=True)
class Works:
    """A store with a drain. `owner` sees everything; the drain works with `worker`, under that role."""

    database: TestDatabase
    owner: Engine
    gateway: Engine
    scheduler: Engine
    worker: Engine
    drain: Drain
    redis: Redis
    redis_url: str

    def queue(self, **settings: Any) -> Queue:
        """A queue of an organization of its own."""
        with self.owner.begin() as connection:
            return factories.make_queue(connection, **settings)

    def draw(self, **settings: Any) -> Draw:
        """A draw of an organization of its own."""
        with self.owner.begin() as connection:
            return factories.make_draw(connection, **settings)

    def append(self, envelopes: Sequence[Envelope[Command]]) -> set[Place]:
        """Append as a gateway does."""
        with self.gateway.begin() as connection:
            return command_log.append(connection, envelopes, PARTITIONS, "tests")

    def settle(self) -> None:
        """Drain until the log is empty. A round that meets a lock waits for the one who holds it."""
        while places := self.waiting():
            for place in places:
                self.drain.round(place)

    def advance(self, interval: str) -> None:
        """Let the ledger's clock jump ahead."""
        self.rows("UPDATE ledger_clock SET ahead = ahead + %s::interval", interval)

    def waiting(self) -> list[Place]:
        """The partitions that have something to decide."""
        found = self.rows("SELECT DISTINCT topic, part FROM command_log")
        return [Place(row.topic, row.part) for row in found]

    def rows(self, statement: str, *values: object) -> Sequence[Row[Any]]:
        """The rows of a statement, under the owner."""
        with self.owner.begin() as connection:
            found = connection.exec_driver_sql(statement, values)
            return found.all() if found.returns_rows else []

    def value(self, statement: str, *values: object) -> Any:
        """The only value of a statement."""
        return self.rows(statement, *values)[0][0]

    def outcomes(self, queue: Queue | Draw, command_ids: Iterable[UUID]) -> dict[UUID, Any]:
        """What the journal says, as a worker reads it."""
        with self.worker.begin() as connection:
            see_tenants(connection, [queue.tenant_id])
            return journal.outcomes(connection, command_ids)


def place_of(queue: Queue) -> Place:
    """The partition of a queue."""
    return Place("queue", partition_of(queue.id, PARTITIONS))


@contextmanager
def works_on(database: TestDatabase, redis_url: str) -> Iterator[Works]:
    """Works on a database and a Redis, closed at the end."""
    owner, gateway, scheduler, worker = (database.engine(role) for role in (None, GATEWAY, SCHEDULER, WORKER))
    client = redis_client(redis_url)
    with new_drain(worker, redis_url) as drain:
        made = Works(database, owner, gateway, scheduler, worker, drain, client, redis_url)
        yield made
        assert made.rows(MISKEPT) == []
    close(client)
    for engine in (owner, gateway, scheduler, worker):
        engine.dispose()


@contextmanager
def new_drain(engine: Engine, redis_url: str) -> Iterator[Drain]:
    """A drain with a bell of its own."""
    client = redis_client(redis_url)
    broker = RedisRinger(redis_url)
    bell = Bell(client, broker, TOPICS)
    try:
        yield Drain(Postgres(engine), PARTITIONS, bell, RedisReplies(client, NobodySigns()), Clock())
    finally:
        bell.stop()
        client.close()
        close(broker.client)


def close(client: Redis) -> None:
    """Let go of a client's connections."""
    client.close()
    client.connection_pool.disconnect()
