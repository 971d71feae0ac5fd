"""What a queue has done: counts and rates over everybody who entered in a stretch of time, and over each part of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncCursor, sql
from psycopg.rows import DictRow

from domain.calendar import Granularity, parts
from domain.times import iso
from store.reads.base import Reader, Row, ledger_now

# Tickets are given in the order of entering, so where a moment lies among them is found in some twenty steps. Whoever
# went back to the line has a later ticket, and is found by the moment itself.
_FIRST_SINCE: Final = """
WITH RECURSIVE halved(low, high) AS (
  SELECT 0::bigint, tickets FROM queue WHERE tenant_id = %(tenant)s AND id = %(queue)s
  UNION ALL
  SELECT CASE WHEN before THEN middle + 1 ELSE low END, CASE WHEN before THEN high ELSE middle END
  FROM (SELECT low, high, middle, coalesce((
      SELECT entered_at FROM queue_entry WHERE tenant_id = %(tenant)s AND queue_id = %(queue)s AND ticket >= middle
        AND requeues = 0 ORDER BY ticket LIMIT 1
    ) < %(moment)s, false) AS before
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM halved WHERE low < high) AS halves) AS judged
)
SELECT low AS ticket FROM halved WHERE low >= high"""
_ROWS: Final = sql.SQL("""(
SELECT {columns} FROM queue_entry WHERE tenant_id = %(tenant)s AND queue_id = %(queue)s
  AND ticket >= %(first)s AND ticket < %(last)s AND requeues = 0
UNION ALL
SELECT {columns} FROM queue_entry WHERE tenant_id = %(tenant)s AND queue_id = %(queue)s
  AND entered_at >= %(since)s AND entered_at < %(until)s AND requeues > 0) AS e""")


def _rows(*columns: str) -> sql.Composed:
    return _ROWS.format(columns=sql.SQL(", ").join(map(sql.Identifier, columns)))


# A grant that lapsed and sent its holder back to the line is counted by `requeues`: the row keeps the latest grant only.
_COUNTS: Final = (
    sql.SQL("""
SELECT CASE WHEN %(part)s::text IS NOT NULL THEN date_trunc(%(part)s, entered_at, 'UTC') END AS part, status, reason,
  count(*) AS entries, count(granted_at) + sum(requeues)::bigint AS grants, sum(requeues)::bigint AS requeues,
  count(*) FILTER (WHERE entered_at > %(minute_ago)s) AS new_entries,
  count(*) FILTER (WHERE granted_at > %(minute_ago)s) AS new_grants,
  count(*) FILTER (WHERE completed_at > %(minute_ago)s) AS new_completions
FROM """)
    + _rows("entered_at", "granted_at", "completed_at", "status", "reason", "requeues")
    + sql.SQL(" GROUP BY 1, 2, 3")
)
_PEOPLE: Final = sql.SQL("SELECT count(*) AS n FROM (SELECT FROM {} GROUP BY consumer_id) AS one").format(
    _rows("consumer_id")
)
_ALL_PEOPLE: Final = """
SELECT count(*) AS n FROM
  (SELECT FROM queue_entry WHERE tenant_id = %(tenant)s AND queue_id = %(queue)s GROUP BY consumer_id) AS one"""
# Lengths of time that differ by less than two in a hundred are counted as one, by their mean: nothing is sorted. OFFSET has each
# be worked out once.
_LENGTHS: Final = sql.SQL("""
SELECT avg(seconds) AS seconds, max(seconds) AS longest, count(*) AS n FROM (
  SELECT date_part('epoch', {until} - {since}) AS seconds FROM {rows} WHERE {until} IS NOT NULL OFFSET 0) AS lengths
GROUP BY floor(ln(greatest(seconds, 0.001)) * 50) ORDER BY 1""")


def _lengths(since: str, until: str) -> sql.Composed:
    names = {"since": sql.Identifier(since), "until": sql.Identifier(until)}
    return _LENGTHS.format(rows=_rows(since, until), **names)


_WAITS: Final = _lengths("entered_at", "granted_at")
_CLAIMS: Final = _lengths("granted_at", "completed_at")
_LAST: Final = 2**62
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Who is counted: those who entered from a moment on, and before another; None has no bound. Parts need both bounds."""

    since: datetime | None
    until: datetime | None
    part: Granularity | None = None


async def of_queue(reader: Reader, queue_id: UUID, stretch: Stretch) -> dict[str, Any]:
    """The measures, as JSON. Rates are parts of one; null where there is nothing to be a part of. Times are in seconds.

    `series` has the counts of each part of the stretch, also of those in which nobody entered.
    """
    async with reader.moment() as cursor:
        values = await _values(cursor, reader.tenant_id, queue_id, stretch)
        rows = await (await cursor.execute(_COUNTS, values)).fetchall()
        people = await (await cursor.execute(_PEOPLE if values["bounded"] else _ALL_PEOPLE, values)).fetchone()
        waits = await (await cursor.execute(_WAITS, values)).fetchall()
        claims = await (await cursor.execute(_CLAIMS, values)).fetchall()
    told = _counts(rows) | {"uniqueEntrants": people["n"] if people else 0} | _rates(rows)
    told |= {"waitSeconds": _spread(waits), "claimSeconds": _spread(claims, longest=False)}
    return told | {"series": list(_series(rows, stretch)) if stretch.part else None}


async def _values(cursor: AsyncCursor[DictRow], tenant_id: UUID, queue_id: UUID, stretch: Stretch) -> dict[str, Any]:
    now, own = await ledger_now(cursor), {"tenant": tenant_id, "queue": queue_id}
    bounds = [0, _LAST]
    for place, moment in enumerate((stretch.since, stretch.until)):
        if moment is not None:
            found = await (await cursor.execute(_FIRST_SINCE, own | {"moment": moment})).fetchone()
            bounds[place] = found["ticket"] if found else 0
    return own | {
        "first": bounds[0], "last": bounds[1], "since": stretch.since or "-infinity", "until": stretch.until or "infinity",
        "bounded": stretch.since is not None or stretch.until is not None,
        "part": stretch.part, "minute_ago": now - _MINUTE,
    }  # fmt: skip


def _counts(rows: Iterable[Row]) -> dict[str, Any]:
    of, denied = Counter[str](), Counter[str]()
    for row in rows:
        of["entries"] += row["entries"]
        of["grants"] += row["grants"]
        of["expired"] += row["requeues"] + (row["entries"] if row["reason"] == "ADMISSION_EXPIRED" else 0)
        of[row["status"]] += row["entries"]
        if row["status"] == "DENIED":
            denied[row["reason"] or ""] += row["entries"]
    counted = {name: of[name] for name in ("entries", "grants", "expired")}
    return counted | {"completions": of["COMPLETED"], "left": of["LEFT"], "denied": dict(sorted(denied.items()))}


def _rates(rows: list[Row]) -> dict[str, Any]:
    counted = _counts(rows)
    entries, grants = counted["entries"], counted["grants"]
    return {
        "completionRate": _share(counted["completions"], grants),
        "expiryRate": _share(counted["expired"], grants),
        "dropOff": _share(counted["left"], entries),
        "lastMinute": {
            name: sum(row[f"new_{name}"] for row in rows) for name in ("entries", "grants", "completions")
        },
    }  # fmt: skip


def _series(rows: list[Row], stretch: Stretch) -> Iterator[dict[str, Any]]:
    assert stretch.since and stretch.until and stretch.part  # noqa: S101 (narrows the type; parts need both bounds)
    of = defaultdict[datetime, list[Row]](list)
    for row in rows:
        of[max(row["part"], stretch.since)].append(row)
    for start, end in parts(stretch.since, stretch.until, stretch.part):
        yield {"from": iso(start), "to": iso(end)} | _counts(of[start])


def _spread(steps: list[Row], *, longest: bool = True) -> dict[str, float | None]:
    """Half of all and nineteen in twenty are not longer than these; to within one in a hundred."""
    total, told = sum(step["n"] for step in steps), dict[str, float | None]()
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        passed = 0
        for step in steps:
            passed += step["n"]
            if passed >= part * total:
                told[name] = round(step["seconds"], 3)
                break
    most = max((step["longest"] for step in steps), default=None)
    none: dict[str, float | None] = {"p50": None, "p95": None}
    return none | told | ({"max": None if most is None else round(most, 3)} if longest else {})


def _share(some: int, whole: int) -> float | None:
    return round(some / whole, 4) if whole else None
