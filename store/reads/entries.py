"""Participations of a queue as its organization sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from domain.distribution.order import Completion, order_facts
from domain.fairness import cohort_order
from domain.queue.state import Line
from domain.times import iso
from store.reads.base import Reader, Row
from store.reads.histories import Course

_COLUMNS = (
    "tenant_id", "queue_id", "id", "consumer_id", "status", "ticket", "first_ticket", "entered_at", "received_at",
    "grant_id", "granted_at", "expires_at", "first_validated_at", "validations", "dequeued_at", "completed_at",
    "left_at", "denied_at", "reason", "order_id", "quantity", "out_of_turn", "requeues", "version",
)  # fmt: skip
_SELECT = sql.SQL(
    "SELECT {}, c.level, o.id AS completion, o.order_amount, o.currency_code, o.items, o.metadata FROM queue_entry e "
    "LEFT JOIN consumer c ON c.tenant_id = e.tenant_id AND c.id = e.consumer_id "
    "LEFT JOIN queue_completion o ON o.tenant_id = e.tenant_id AND o.id = e.id "
    "WHERE e.tenant_id = %(tenant)s AND e.queue_id = %(queue)s"
).format(sql.SQL(", ").join(sql.Identifier("e", name) for name in _COLUMNS))
_STATUS = sql.SQL(" AND (%(statuses)s::text[] IS NULL OR e.status = ANY (%(statuses)s))")
_AFTER = _SELECT + _STATUS + sql.SQL(" AND e.ticket > %(after)s ORDER BY e.ticket LIMIT %(limit)s")
_PAGE_UP = _SELECT + _STATUS + sql.SQL(" ORDER BY e.ticket OFFSET %(offset)s LIMIT %(limit)s")
_PAGE_DOWN = _SELECT + _STATUS + sql.SQL(" ORDER BY e.ticket DESC OFFSET %(offset)s LIMIT %(limit)s")
_COUNT = (
    sql.SQL("SELECT count(*) AS n FROM queue_entry e WHERE e.tenant_id = %(tenant)s AND e.queue_id = %(queue)s")
    + _STATUS
)
_OF_CONSUMER = _SELECT + sql.SQL(" AND e.consumer_id = %(consumer)s ORDER BY e.first_ticket")
COURSE: Final = Course(
    "queue", "NOT_QUEUED",
    {"entered": "QUEUED", "granted": "GRANTED", "requeued": "QUEUED", "completed": "COMPLETED", "left": "LEFT",
     "denied": "DENIED"},
    frozenset({"granted", "requeued", "denied", "extended"}),
)  # fmt: skip


async def after(reader: Reader, queue_id: UUID, ticket: int, limit: int, statuses: Sequence[str] | None) -> list[Row]:
    """The next `limit` participations behind a ticket, by tickets; whoever goes to the back is met again there."""
    return await reader.all(_AFTER, _values(reader, queue_id, statuses) | {"after": ticket, "limit": limit})


async def page(
    reader: Reader, queue_id: UUID, window: tuple[int, int], statuses: Sequence[str] | None, *, descending: bool
) -> tuple[list[Row], int]:
    """A page of (offset, limit) by tickets, and how many there are in all."""
    values = _values(reader, queue_id, statuses) | {"offset": window[0], "limit": window[1]}
    async with reader.moment() as cursor:
        counted = await (await cursor.execute(_COUNT, values)).fetchone()
        total = int(counted["n"]) if counted else 0
        if window[0] >= total:
            return [], total
        await cursor.execute(_PAGE_DOWN if descending else _PAGE_UP, values)
        return await cursor.fetchall(), total


async def of_consumer(reader: Reader, queue_id: UUID, consumer_id: UUID) -> list[Row]:
    """Every participation of one person, the first first."""
    return await reader.all(_OF_CONSUMER, _values(reader, queue_id, None) | {"consumer": consumer_id})


def facts(row: Row, line: Line) -> dict[str, Any]:
    """A participation as JSON. `rank` is null before the opening has drawn the order."""
    return {
        "participationId": str(row["id"]),
        "consumerId": str(row["consumer_id"]),
        "consumer": {"id": str(row["consumer_id"]), "level": row["level"]},
        "status": row["status"],
        "ticket": row["ticket"],
        "rank": _rank(line, row["ticket"]),
        "quantity": row["quantity"],
        "grantId": _text(row["grant_id"]),
        "receivedAt": iso(row["received_at"]),
        **{member: iso(row[name]) for member, name in _DATES.items()},
        "reason": row["reason"],
        "orderId": row["order_id"],
        "order": _order(row),
        "outOfTurn": row["out_of_turn"],
        "requeueCount": row["requeues"],
        "validations": row["validations"],
        "stateVersion": row["version"],
    }


_DATES: Final = {
    "enteredAt": "entered_at", "grantedAt": "granted_at", "expiresAt": "expires_at", "dequeuedAt": "dequeued_at",
    "firstValidatedAt": "first_validated_at", "completedAt": "completed_at", "leftAt": "left_at",
    "deniedAt": "denied_at",
}  # fmt: skip


def _rank(line: Line, ticket: int) -> int | None:
    if line.opened_at is None:
        return None
    return cohort_order(line.seed, line.cohort).rank_of(ticket) if ticket < line.cohort else ticket


def _order(row: Row) -> dict[str, Any] | None:
    if row["completion"] is None:
        return None
    told = {name: row[name] for name in ("tenant_id", "id", "order_amount", "currency_code", "items", "metadata")}
    return order_facts(Completion(distribution_id=row["queue_id"], **told))


def _values(reader: Reader, queue_id: UUID, statuses: Sequence[str] | None) -> dict[str, Any]:
    chosen = None if statuses is None else list(statuses)
    return {"tenant": reader.tenant_id, "queue": queue_id, "statuses": chosen}


def _text(value: UUID | datetime | None) -> str | None:
    return None if value is None else str(value)
