"""Live grants, written beside the participations that hold them, so that whoever asks for grants reads nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.queue.state import Entry, Status
from store import bulk
from store.pipelined import Connection
from store.tables.queue import queue_grant

_COLUMNS = tuple(str(column.name) for column in queue_grant.columns)
_END = """
DELETE FROM queue_grant g USING unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
WHERE g.tenant_id = w.tenant_id AND g.id = w.id"""


def keep(connection: Connection, entries: Iterable[Entry]) -> None:
    """Write of each of these participations whether it is a live grant now, and until when."""
    live, over = list[dict[str, Any]](), list[Entry]()
    for entry in entries:
        if entry.status is Status.GRANTED:
            live.append({name: getattr(entry, name) for name in _COLUMNS})
        elif entry.status is not Status.QUEUED or entry.requeues:  # because nobody else ever had a grant
            over.append(entry)
    bulk.upsert(connection, queue_grant, live)
    if over:
        ids = [entry.tenant_id for entry in over], [entry.id for entry in over]
        connection.exec_driver_sql(_END, ids)
