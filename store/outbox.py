"""The outbox: what is owed to the outside world, written with the decision that owes it, delivered by whoever is rung.

`next_at` is when somebody must look at a row again, whatever its state: to try it, to give up waiting for the one who
tries it, or to forget what it said. So one index finds everything that is due.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from domain.ids import unix_ms, uuid7
from domain.mail import KEPT_FOR, OPEN, OWED, Attempt, MailState, OutboxMail, Standing, Tried, after
from store.pipelined import Connection

_OWE = """
INSERT INTO outbox (tenant_id, id, kind, dedupe_key, recipient, payload, created_at, next_at, expires_at)
SELECT tenant_id, id, kind, dedupe_key, recipient, payload, created_at, created_at, expires_at
FROM json_to_recordset(%s::json) AS v(tenant_id uuid, id uuid, kind text, dedupe_key text, recipient text, payload json,
  created_at timestamptz, expires_at timestamptz)
ON CONFLICT (tenant_id, dedupe_key) DO NOTHING"""
_OWE_FEW = """
INSERT INTO outbox (tenant_id, id, kind, dedupe_key, recipient, payload, created_at, next_at, expires_at)
SELECT tenant_id, id, kind, dedupe_key, recipient, payload, created_at, created_at, expires_at
FROM (
  SELECT *, row_number() OVER (PARTITION BY tenant_id, kind ORDER BY id) AS nth
  FROM json_to_recordset(%s::json) AS v(tenant_id uuid, id uuid, kind text, dedupe_key text, recipient text,
    payload json, created_at timestamptz, expires_at timestamptz)) w
WHERE nth + (SELECT count(*) FROM outbox o
  WHERE o.tenant_id = w.tenant_id AND o.kind = w.kind AND o.id >= %s AND o.created_at > %s) <= %s
ON CONFLICT (tenant_id, dedupe_key) DO NOTHING"""
_DUE = "SELECT 1 FROM outbox WHERE next_at <= %s AND state = ANY (%s) LIMIT 1"
_CLAIM = """
UPDATE outbox o SET state = 'sending', attempts = attempts + 1, lease_until = %s, next_at = %s FROM (
  SELECT tenant_id, id FROM outbox WHERE next_at <= %s AND expires_at > %s AND state = ANY (%s) AND kind = ANY (%s)
  ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE o.tenant_id = due.tenant_id AND o.id = due.id
RETURNING o.tenant_id, o.id, o.kind, o.recipient, o.payload, o.raw, o.attempts, o.unknowns, o.expires_at"""
_RENDERED = "UPDATE outbox SET recipient = %s, raw = %s WHERE tenant_id = %s AND id = %s"
_SETTLE = """
UPDATE outbox SET state = %s, unknowns = %s, next_at = %s, lease_until = NULL, last_error = %s
WHERE tenant_id = %s AND id = %s AND attempts = %s AND state = 'sending'"""
_LEFT = """
SELECT tenant_id, id, kind, attempts, unknowns, expires_at FROM outbox WHERE next_at <= %s AND state = 'sending'
ORDER BY next_at LIMIT 100 FOR UPDATE SKIP LOCKED"""
_EXPIRE = """
UPDATE outbox SET state = 'dead', next_at = %s, last_error = coalesce('expired; before that: ' || last_error, 'expired')
WHERE (tenant_id, id) IN (
  SELECT tenant_id, id FROM outbox WHERE next_at <= %s AND expires_at <= %s AND state = ANY (%s)
  ORDER BY next_at LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING id"""
_COUNT = "SELECT state, count(*) AS mails FROM outbox WHERE next_at <= %s AND state = ANY (%s) GROUP BY state"
HOUR = timedelta(hours=1)
_OPEN = [state.value for state in OPEN]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that is this process's to send until its lease ends. `raw` is None until it has been rendered."""

    tenant_id: UUID
    id: UUID
    kind: str
    recipient: str
    payload: Mapping[str, Any]
    raw: bytes | None
    attempts: int
    unknowns: int
    expires_at: datetime

    @property
    def tried(self) -> Tried:
        """What the next standing is decided from."""
        return Tried(self.id, self.attempts, self.unknowns, self.expires_at)


def owe(connection: Connection, mails: Sequence[OutboxMail]) -> None:
    """Write what is owed, inside the decision's transaction. What a dedupe key owes already is not owed twice."""
    if mails:
        connection.exec_driver_sql(_OWE, (orjson.dumps(list(mails)).decode(),))


def owe_few(connection: Connection, mails: Sequence[OutboxMail], most: int) -> None:
    """Write what is owed, but no more than `most` of a kind to a tenant within an hour; the rest is owed to nobody.

    The ids of such mails carry their time, so that only those of the hour are counted.
    """
    if mails:
        since = min(one.created_at for one in mails) - HOUR
        values = (orjson.dumps(list(mails)).decode(), uuid7(unix_ms(since), bytes(10)), since, most)
        connection.exec_driver_sql(_OWE_FEW, values)


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether anybody must look after a mail now: it is to be sent, or its sender did not come back."""
    return connection.exec_driver_sql(_DUE, (now, [state.value for state in OWED])).first() is not None


def claim(connection: Connection, now: datetime, lease: timedelta, kinds: Collection[str]) -> Claimed | None:
    """Take the mail that waited longest; nobody else gets it before the lease ends. Commit before dialling."""
    until = now + lease
    row = connection.exec_driver_sql(_CLAIM, (until, until, now, now, _OPEN, list(kinds))).first()
    if row is None:
        return None
    raw = None if row.raw is None else bytes(row.raw)
    facts = (row.attempts, row.unknowns, row.expires_at)
    return Claimed(row.tenant_id, row.id, row.kind, row.recipient, row.payload, raw, *facts)


def keep_rendered(connection: Connection, mail: Claimed, recipient: str, raw: bytes) -> None:
    """Keep what is going to be sent, in the transaction that claimed it: every try sends these bytes."""
    connection.exec_driver_sql(_RENDERED, (recipient, raw, mail.tenant_id, mail.id))


def settle(connection: Connection, mail: Claimed, attempt: Attempt, now: datetime, said: str | None) -> Standing | None:
    """Record how an attempt ended; None when the mail is no longer this one's, because its lease ended before."""
    standing = after(attempt, mail.tried, now)
    found = _write(connection, (mail.tenant_id, mail.id), mail.attempts, standing, said)
    return standing if found else None


def lapse(connection: Connection, now: datetime) -> list[UUID]:
    """Give up waiting for senders whose lease ended, and for what expired; returns the mails that nobody will get."""
    died = [row.id for row in connection.exec_driver_sql(_EXPIRE, (now + KEPT_FOR, now, now, _OPEN))]
    for row in connection.exec_driver_sql(_LEFT, (now,)).all():
        standing = after(Attempt.UNHEARD, Tried(row.id, row.attempts, row.unknowns, row.expires_at), now)
        _write(connection, (row.tenant_id, row.id), row.attempts, standing, "the sender did not come back")
        if standing.state is MailState.DEAD:
            died.append(row.id)
    return died


def counted(connection: Connection, now: datetime) -> dict[MailState, int]:
    """How many mails are owed, by state. No pause is longer than thirty hours, and the index is read no further."""
    rows = connection.exec_driver_sql(_COUNT, (now + timedelta(hours=30), [state.value for state in OWED])).all()
    return dict.fromkeys(OWED, 0) | {MailState(row.state): row.mails for row in rows}


def _write(connection: Connection, key: tuple[UUID, UUID], attempts: int, standing: Standing, said: str | None) -> bool:
    values = (standing.state.value, standing.unknowns, standing.next_at, said, *key, attempts)
    return bool(connection.exec_driver_sql(_SETTLE, values).rowcount)
