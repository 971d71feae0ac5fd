"""Second leaves of requeued participations: written once, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.queue.state import Requeued
from store import bulk
from store.repositories.base import Repository
from store.tables.queue import queue_requeue

_SELECT = """
SELECT r.tenant_id, r.queue_id, r.ticket, r.entry_id, r.received_at
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS w(tenant_id, queue_id, ticket)
JOIN queue_requeue r ON r.tenant_id = w.tenant_id AND r.queue_id = w.queue_id AND r.ticket = w.ticket"""

Leaf = tuple[UUID, int]


class Requeues(Repository[Leaf, Requeued]):
    """The second leaves, by queue and ticket."""

    def _key(self, state: Requeued) -> tuple[UUID, Leaf]:
        return state.tenant_id, (state.queue_id, state.ticket)

    def _select(self, wanted: list[tuple[UUID, Leaf]]) -> Iterable[Requeued]:
        tenants = [tenant for tenant, _ in wanted]
        queues, tickets = [leaf[0] for _, leaf in wanted], [leaf[1] for _, leaf in wanted]
        rows = self._scope.connection.exec_driver_sql(_SELECT, (tenants, queues, tickets))
        return (Requeued(*row) for row in rows)

    def _insert(self, states: list[Requeued]) -> None:
        bulk.insert(self._scope.connection, queue_requeue, states)

    def _update(self, states: list[Requeued]) -> None:
        bulk.update(self._scope.connection, queue_requeue, states)
