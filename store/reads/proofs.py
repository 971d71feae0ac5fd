"""The published proof of a queue's order, and the entries of its cohort, a part at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.fairness import ProofDocument, PublishedEntry, cohort_order, permutation_name, rules_hash, seed_commitment
from domain.ids import unix_us
from domain.queue.state import Queue
from domain.queue.view import published_rules
from domain.times import iso
from store.reads.base import Reader, Row

CHUNK: Final = 4_096
_COMMITMENT = "SELECT seed_commitment FROM queue WHERE tenant_id = %s AND id = %s"
_MOVED = """
SELECT e.first_ticket AS ticket, e.id, e.received_at, 'enter' AS kind FROM queue_entry e
WHERE e.tenant_id = %(tenant)s AND e.first_ticket < %(count)s AND e.id IN (
  SELECT r.entry_id FROM queue_requeue r WHERE r.tenant_id = %(tenant)s AND r.queue_id = %(queue)s)
UNION ALL
SELECT r.ticket, r.entry_id, r.received_at, 'requeue' FROM queue_requeue r
WHERE r.tenant_id = %(tenant)s AND r.queue_id = %(queue)s AND r.ticket < %(count)s"""
_STAYED = """
SELECT e.ticket, e.id, e.received_at, 'enter' AS kind FROM queue_entry e
WHERE e.tenant_id = %(tenant)s AND e.queue_id = %(queue)s AND e.ticket >= %(from)s AND e.ticket < %(to)s
  AND e.ticket = e.first_ticket"""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who came before the opening, and the seed that ordered them."""

    queue_id: UUID
    count: int
    seed: bytes


async def document(reader: Reader, queue: Queue) -> ProofDocument:
    """The proof as far as it is settled: before the opening, what it commits to."""
    row = await reader.one(_COMMITMENT, (queue.tenant_id, queue.id))
    commitment = bytes(row["seed_commitment"]) if row else seed_commitment(queue.server_seed)
    rules, line = published_rules(queue), queue.line
    fixed = line.opened_at is not None
    return ProofDocument(
        permutation=permutation_name(line.cohort) if fixed else None,
        distribution_id=queue.id,
        rules=dict(rules),
        rules_hash=rules_hash(rules).hex(),
        seed_commitment=commitment.hex(),
        server_seed=bytes(line.revealed).hex() if fixed else None,
        tree_head=bytes(line.tree_head).hex() if fixed else None,
        count=line.cohort if fixed else None,
        seed=bytes(line.seed).hex() if fixed else None,
        order_fixed_at=iso(line.opened_at),
    )


async def entries(reader: Reader, cohort: Cohort) -> AsyncIterator[list[PublishedEntry]]:
    """The entries of a cohort in order of tickets, some thousands at a time, each read in a moment of its own.

    Whoever went to the back of the line keeps the first leaf; the second one follows under its own ticket.
    """
    values = {"tenant": reader.tenant_id, "queue": cohort.queue_id, "count": cohort.count}
    moved = {row["ticket"]: row for row in await reader.all(_MOVED, values)}
    for start in range(0, cohort.count, CHUNK):
        end = min(start + CHUNK, cohort.count)
        found = {row["ticket"]: row for row in await reader.all(_STAYED, values | {"from": start, "to": end})}
        rows = (moved.get(ticket) or found.get(ticket) for ticket in range(start, end))
        yield await asyncio.to_thread(_published, [row for row in rows if row is not None], cohort)


def _published(rows: list[Row], cohort: Cohort) -> list[PublishedEntry]:
    """The lines of these rows; working out thousands of ranks is no work for the loop that serves everybody."""
    order = cohort_order(cohort.seed, cohort.count)
    return [
        PublishedEntry(row["ticket"], row["id"], row["kind"], unix_us(row["received_at"]), order.rank_of(row["ticket"]))
        for row in rows
    ]
