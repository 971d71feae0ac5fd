"""What a gateway pulls of a queue: one snapshot, whoever changed since, and the participations that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row, tuple_row

from store.reads.base import SEE_TENANT

_SNAPSHOT = """
SELECT q.id, q.organization_id, q.experience_id, q.sequence_id, q.config, q.archived, q.pause, q.ended, q.opened_at, q.cohort,
  q.seed, q.head, q.speed, q.waiting, q.inside, e.published AND NOT e.archived AS published, ledger_now() AS now,
  coalesce((SELECT max(j.seq) FROM journal j WHERE j.tenant_id = q.tenant_id AND j.aggregate_id = q.id), 0) AS seq,
  ARRAY(SELECT DISTINCT c FROM journal j, unnest(j.changed) c
    WHERE %(since)s >= 0 AND j.tenant_id = q.tenant_id AND j.aggregate_id = q.id AND j.seq > %(since)s) AS changed
FROM queue q JOIN experience e ON e.tenant_id = q.tenant_id AND e.id = q.experience_id
WHERE q.tenant_id = %(tenant)s AND q.id = %(queue)s"""
_STANDINGS = """
SELECT DISTINCT ON (e.consumer_id)
  e.consumer_id, e.id, e.ticket, e.status, e.version, e.entered_at, e.grant_id, e.granted_at,
  e.expires_at, e.dequeued_at, e.completed_at, e.left_at, e.denied_at, e.reason, e.order_id, e.quantity,
  e.out_of_turn, e.requeues,
  coalesce((SELECT max(j.seq) FROM journal j WHERE j.tenant_id = %(tenant)s AND j.aggregate_id = %(queue)s), 0) AS as_of
FROM queue_entry e
WHERE e.tenant_id = %(tenant)s AND e.queue_id = %(queue)s AND e.consumer_id = ANY (%(people)s)
ORDER BY e.consumer_id, e.status IN ('QUEUED', 'GRANTED') DESC, e.first_ticket DESC"""


async def snapshot(
    connection: AsyncConnection[Any], tenant_id: UUID, queue_id: UUID, since: int
) -> dict[str, Any] | None:
    """The queue as it stands, and the consumers whose own state changed after journal seq `since`.

    Whoever has seen nothing yet (`since` below 0) keeps nobody who could have changed, and is spared the whole journal.
    """
    async with connection.transaction():
        await connection.execute(SEE_TENANT, (str(tenant_id),))
        cursor = connection.cursor(row_factory=dict_row)
        values = {"tenant": tenant_id, "queue": queue_id, "since": since}
        return await (await cursor.execute(_SNAPSHOT, values)).fetchone()


async def standings(
    connection: AsyncConnection[Any], tenant_id: UUID, queue_id: UUID, people: Iterable[UUID]
) -> Sequence[tuple[Any, ...]]:
    """The latest participation of each of these people: the statement's columns, the last one the journal seq it is as of."""
    async with connection.transaction():
        await connection.execute(SEE_TENANT, (str(tenant_id),))
        cursor = connection.cursor(row_factory=tuple_row)
        values = {"tenant": tenant_id, "queue": queue_id, "people": list(people)}
        return await (await cursor.execute(_STANDINGS, values)).fetchall()
