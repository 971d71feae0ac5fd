"""The sweep: finds the work that nobody was rung for. A partition whose drain holds its lock is being worked on.

The time is asked once and passed in: `ledger_now()` is volatile, and a volatile bound is compared with every row, not
with an index.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from store.command_log import Place
from store.database import ledger_now
from store.pipelined import Connection

PATIENCE = timedelta(milliseconds=500)
_SWEEP = """
WITH quiet AS (
  UPDATE log_partition SET strikes = 0 WHERE (topic, part) IN (
    SELECT p.topic, p.part FROM log_partition p WHERE p.strikes > 0
      AND NOT EXISTS (SELECT 1 FROM command_log l WHERE l.topic = p.topic AND l.part = p.part)
    FOR UPDATE SKIP LOCKED))
UPDATE log_partition SET strikes = strikes + 1, rung_at = %(now)s WHERE (topic, part) IN (
  SELECT p.topic, p.part FROM log_partition p
  WHERE (p.rung_at IS NULL OR p.rung_at NOT BETWEEN %(since)s AND %(now)s) AND EXISTS (
    SELECT 1 FROM command_log l
    WHERE l.topic = p.topic AND l.part = p.part AND l.appended_at NOT BETWEEN %(since)s AND %(now)s)
  FOR UPDATE SKIP LOCKED)
RETURNING topic, part"""
_WAITING = """
SELECT p.topic, p.part FROM log_partition p
WHERE p.topic = ANY (%s) AND EXISTS (SELECT 1 FROM command_log l WHERE l.topic = p.topic AND l.part = p.part)"""
_DEPTHS = "SELECT topic, sum(n) AS depth, min(appended_at) AS oldest FROM command_log GROUP BY topic"


def sweep(connection: Connection, now: datetime) -> list[Place]:
    """The partitions to ring: somebody waits in them for over half a second, and they were not rung in the last half.

    Each gets a strike; a clean drain takes them back, and after three the drain goes carefully. Where nothing waits and
    nobody works there is nothing to be careful with. What seems to come from the future (a test installation's clock
    was set back) is rung as well, lest it wait until then.
    """
    rows = connection.exec_driver_sql(_SWEEP, {"since": now - PATIENCE, "now": now})
    return [Place(row.topic, row.part) for row in rows]


def waiting(connection: Connection, topics: Collection[str]) -> list[Place]:
    """The partitions of these topics in which anything waits, however short: for who drains them without being rung.

    Nobody is struck for it, because whoever asks comes at once; what does not get through is struck by the sweep.
    """
    return [Place(row.topic, row.part) for row in connection.exec_driver_sql(_WAITING, (sorted(topics),))]


def backlog(connection: Connection) -> tuple[datetime, dict[str, tuple[int, datetime]]]:
    """The ledger's time, and for each topic in the log how many of its commands wait and since when the oldest does."""
    now = ledger_now(connection)
    return now, {row.topic: (row.depth, row.oldest) for row in connection.exec_driver_sql(_DEPTHS)}
