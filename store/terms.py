"""What is kept for a term only, and how it is cleared when that is over: in slices, past rows that somebody holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.pipelined import Connection

SLICE = 1_000


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to clear: `statement` takes the moment before which it is past its term, and how many rows to take."""

    name: str
    statement: str
    term: timedelta

    def slice(self, connection: Connection, now: datetime) -> int:
        """Clear up to a thousand rows; returns how many."""
        cleared: int = connection.exec_driver_sql(self.statement, (now - self.term, SLICE)).rowcount
        return cleared


REPLIES = Duty(
    "journal.replies",
    """
UPDATE journal SET replies = NULL WHERE (tenant_id, aggregate_id, seq) IN (
  SELECT tenant_id, aggregate_id, seq FROM journal WHERE replies IS NOT NULL AND at < %s
  ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED)""",
    timedelta(hours=24),
)
MAILS = Duty(
    "outbox.payloads",
    """
UPDATE outbox SET payload = '{}', raw = NULL, recipient = '', last_error = NULL, next_at = NULL
WHERE (tenant_id, id) IN (
  SELECT tenant_id, id FROM outbox WHERE next_at <= %s AND state IN ('sent', 'bounced', 'dead')
  ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED)""",
    timedelta(0),
)
SESSIONS = Duty(
    "session.expired",
    """
DELETE FROM session WHERE (tenant_id, id) IN (
  SELECT tenant_id, id FROM session WHERE expires_at < %s ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)""",
    timedelta(days=90),
)
DUTIES = (REPLIES, MAILS, SESSIONS)
