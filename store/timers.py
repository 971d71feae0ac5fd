"""Promises with a date: one for each aggregate and purpose, moved by bumping the generation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain.catalogue import COMMANDS
from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.decision import Timer
from domain.ids import derived_id
from store.pipelined import Connection

_INSERT = """
INSERT INTO timer (tenant_id, aggregate_id, purpose, topic, due_at, type, version, body)
SELECT * FROM json_to_recordset(%s::json) AS v(tenant_id uuid, aggregate_id uuid, purpose text, topic text,
  due_at timestamptz, type text, version smallint, body json)
ON CONFLICT (aggregate_id, purpose) DO """
_MOVED = """UPDATE SET due_at = excluded.due_at, generation = timer.generation + 1,
  type = excluded.type, version = excluded.version, body = excluded.body"""
_SET = _INSERT + _MOVED
_PROMISE = _INSERT + "NOTHING"
_CANCEL = "DELETE FROM timer t USING json_to_recordset(%s::json) AS v(aggregate_id uuid, purpose text) \
WHERE t.aggregate_id = v.aggregate_id AND t.purpose = v.purpose"
_CLAIM = """
SELECT tenant_id, aggregate_id, purpose, generation, due_at, type, version, body FROM timer
WHERE due_at <= %s AND version <= (%s::jsonb -> type)::int ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED"""
_MOVE = """
UPDATE timer t SET due_at = %s FROM json_to_recordset(%s::json) AS v(aggregate_id uuid, purpose text)
WHERE t.aggregate_id = v.aggregate_id AND t.purpose = v.purpose"""
_KNOWN = orjson.dumps({command.type: command.version for command in COMMANDS.values()}).decode()
_AGENDA = "SELECT ledger_now() AS now, (SELECT min(due_at) FROM timer) AS due_at"
_NEXT = "SELECT min(due_at) AS due_at FROM timer WHERE due_at > %s"


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that has come due and was claimed."""

    tenant_id: UUID
    aggregate_id: UUID
    purpose: str
    generation: int
    due_at: datetime
    type: str
    version: int
    body: dict[str, Any]


def write(connection: Connection, timers: Sequence[tuple[UUID, Timer]]) -> None:
    """Set and cancel timers of tenants, each at most once per aggregate and purpose."""
    last = {(timer.aggregate_id, timer.purpose): (tenant, timer) for tenant, timer in timers}
    due = [_row(tenant, timer) for tenant, timer in last.values() if timer.due_at is not None]
    off = [key for key, (_, timer) in last.items() if timer.due_at is None]
    if due:
        due.sort(key=lambda row: str(row["aggregate_id"]))
        connection.exec_driver_sql(_SET, (orjson.dumps(due).decode(),))
    if off:
        connection.exec_driver_sql(_CANCEL, (_keys(off),))


def promise(connection: Connection, tenant_id: UUID, timer: Timer) -> None:
    """Set a timer unless one is set already: what was promised before stays as it is."""
    connection.exec_driver_sql(_PROMISE, (orjson.dumps([_row(tenant_id, timer)]).decode(),))


def agenda(connection: Connection) -> tuple[datetime, datetime | None]:
    """The ledger's time, and when the first timer is due: at once, without looking what it is."""
    row = connection.exec_driver_sql(_AGENDA).one()
    return row.now, row.due_at


def claim(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Lock what is due, the longest due first: until the transaction ends no other scheduler gets the same.

    A timer whose command this program does not know is left for a newer scheduler. `now` is a parameter, because a
    bound that the database must ask its clock for cannot use the index.
    """
    return [Due(*row) for row in connection.exec_driver_sql(_CLAIM, (now, _KNOWN, limit))]


def forget(connection: Connection, due: Sequence[Due]) -> None:
    """Delete timers that have fired, in the transaction that appended their commands."""
    if due:
        connection.exec_driver_sql(_CANCEL, (_keys((one.aggregate_id, one.purpose) for one in due),))


def postpone(connection: Connection, due: Sequence[Due], until: datetime) -> None:
    """Put off timers that cannot fire, so that they do not stand in the way of the others."""
    if due:
        connection.exec_driver_sql(_MOVE, (until, _keys((one.aggregate_id, one.purpose) for one in due)))


def next_due(connection: Connection, now: datetime) -> datetime | None:
    """When the next timer is due that is not due yet."""
    found: datetime | None = connection.exec_driver_sql(_NEXT, (now,)).scalar_one()
    return found


def fired(due: Due, command: Command) -> Envelope[Command]:
    """The command of a timer; its id follows from timer, generation and date: firing twice sends one command."""
    parts = (due.aggregate_id.bytes, due.purpose.encode(), due.generation.to_bytes(8, "big"))
    command_id = derived_id(due.due_at, b"timer", *parts)
    return Envelope(command_id, due.tenant_id, SYSTEM_ACTOR, command_id, command)


def _keys(keys: Iterable[tuple[UUID, str]]) -> str:
    return orjson.dumps([{"aggregate_id": aggregate_id, "purpose": purpose} for aggregate_id, purpose in keys]).decode()


def _row(tenant_id: UUID, timer: Timer) -> dict[str, Any]:
    command = timer.command
    return {
        "tenant_id": tenant_id,
        "aggregate_id": timer.aggregate_id,
        "purpose": timer.purpose,
        "topic": command.topic,
        "due_at": timer.due_at,
        "type": command.type,
        "version": command.version,
        "body": command.model_dump(mode="json", exclude_defaults=True),
    }
