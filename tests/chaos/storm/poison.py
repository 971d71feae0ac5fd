"""Poison: batches in the log that hold what nobody can read, between two people whose entries are good.

Each is put in behind the gateways' backs, buried by a drain, and owes the operator one mail.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg

from domain.command import Actor, Envelope
from domain.queue.commands import EnterQueue
from store.wire import arrays, encode, encode_raw, partition_of
from tests.chaos.storm.ground import Ground

_APPEND = """
INSERT INTO command_log (topic, part, gateway, ids, tenants, aggregates, n, body)
VALUES ('queue', %s, 'storm', %s, %s, %s, 3, %s)"""
_PARTITIONS = "SELECT count(*) FROM log_partition WHERE topic = 'queue'"
_GARBAGE = ["no", "command", "at", "all", "but", "eleven", "words", "and", "not", "one", "id"]


@dataclass(slots=True)
class Poison:
    """How many batches are surely in the log, how many may be, and the ids of the good commands in all and in the sure ones."""

    sure: int = 0
    unsure: int = 0
    ids: set[UUID] = field(default_factory=set)
    sure_ids: set[UUID] = field(default_factory=set)

    async def put_in(self, ground: Ground, tenant_id: UUID, queue_id: UUID) -> None:
        """Append one batch; when the store is away meanwhile nobody knows whether it is in."""
        good = [_entering(tenant_id, queue_id) for _ in range(2)]
        self.ids |= {one.id for one in good}
        try:
            await asyncio.to_thread(_append, ground, good)
        except psycopg.Error:
            self.unsure += 1
        else:
            self.sure += 1
            self.sure_ids |= {one.id for one in good}


def _entering(tenant_id: UUID, queue_id: UUID) -> Envelope[EnterQueue]:
    command = EnterQueue(queue_id=queue_id, consumer_id=uuid4())
    return Envelope(uuid4(), tenant_id, Actor("consumer", command.consumer_id), uuid4(), command, gateway="storm")


def _append(ground: Ground, good: list[Envelope[EnterQueue]]) -> None:
    first, last = arrays(encode(good))
    queue_id, body = good[0].body.queue_id, encode_raw([first, list(_GARBAGE), last])
    part = partition_of(queue_id, int(ground.value(_PARTITIONS)))
    ids, tenants = [good[0].id, uuid4(), good[1].id], [good[0].tenant_id] * 3
    ground.rows(_APPEND, part, ids, tenants, [queue_id] * 3, body)
