"""What a queue has done: counts and rates over everybody who entered in a stretch of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from store.reads.base import Reader, Row, ledger_now

# A grant that lapsed and sent its holder back to the line is counted by `requeues`: the row keeps the latest grant only.
_COUNTS: Final = """
SELECT count(*) AS entries, count(DISTINCT consumer_id) AS people,
  count(granted_at) + coalesce(sum(requeues), 0)::bigint AS grants,
  count(*) FILTER (WHERE reason = 'ADMISSION_EXPIRED') + coalesce(sum(requeues), 0)::bigint AS expired,
  count(*) FILTER (WHERE status = 'COMPLETED') AS completions, count(*) FILTER (WHERE status = 'LEFT') AS left_by,
  count(*) FILTER (WHERE entered_at > %(now)s - interval '1 minute') AS new_entries,
  count(*) FILTER (WHERE granted_at > %(now)s - interval '1 minute') AS new_grants,
  count(*) FILTER (WHERE completed_at > %(now)s - interval '1 minute') AS new_completions,
  percentile_disc(ARRAY[0.5, 0.95, 1]) WITHIN GROUP (ORDER BY granted_at - entered_at) AS waits,
  percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY completed_at - granted_at) AS claims
FROM queue_entry
WHERE tenant_id = %(tenant)s AND queue_id = %(queue)s
  AND (%(since)s::timestamptz IS NULL OR entered_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR entered_at < %(until)s)"""
_DENIED: Final = """
SELECT reason, count(*) AS n FROM queue_entry
WHERE tenant_id = %(tenant)s AND queue_id = %(queue)s AND status = 'DENIED'
  AND (%(since)s::timestamptz IS NULL OR entered_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR entered_at < %(until)s)
GROUP BY reason ORDER BY reason"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Who is counted: those who entered from a moment on, and before another; None has no bound."""

    since: datetime | None
    until: datetime | None


async def of_queue(reader: Reader, queue_id: UUID, stretch: Stretch) -> dict[str, Any]:
    """The measures, as JSON. Rates are parts of one; null where there is nothing to be a part of. Times are in seconds."""
    async with reader.moment() as cursor:
        now = await ledger_now(cursor)
        values = {
            "tenant": reader.tenant_id, "queue": queue_id, "since": stretch.since, "until": stretch.until, "now": now,
        }  # fmt: skip
        counted = await (await cursor.execute(_COUNTS, values)).fetchone()
        denied = await (await cursor.execute(_DENIED, values)).fetchall()
    assert counted is not None  # noqa: S101 (narrows the type; counting gives one row)
    return _measures(counted) | {"denied": {row["reason"] or "": row["n"] for row in denied}}


def _measures(row: Row) -> dict[str, Any]:
    waits, claims = row["waits"] or [None] * 3, row["claims"] or [None] * 2
    return {
        "entries": row["entries"],
        "uniqueEntrants": row["people"],
        "grants": row["grants"],
        "completions": row["completions"],
        "expired": row["expired"],
        "left": row["left_by"],
        "completionRate": _part(row["completions"], row["grants"]),
        "expiryRate": _part(row["expired"], row["grants"]),
        "dropOff": _part(row["left_by"], row["entries"]),
        "lastMinute": {
            "entries": row["new_entries"], "grants": row["new_grants"], "completions": row["new_completions"],
        },
        "waitSeconds": dict(zip(("p50", "p95", "max"), map(_seconds, waits), strict=True)),
        "claimSeconds": dict(zip(("p50", "p95"), map(_seconds, claims), strict=True)),
    }  # fmt: skip


def _part(some: int, whole: int) -> float | None:
    return round(some / whole, 4) if whole else None


def _seconds(length: Any) -> float | None:
    return None if length is None else round(float(length.total_seconds()), 3)
