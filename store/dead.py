"""Commands that could not be decided: kept with their reason until an operator retries or discards them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.command import SYSTEM, Command, Envelope
from domain.ids import derived_id
from domain.mail import MOST_TO_OPERATOR, OPERATOR, OWED_FOR, OutboxMail
from store import bulk, outbox
from store.command_log import Batch, Place, append_as_of
from store.pipelined import Connection
from store.tables.spine import dead_command
from store.wire import arrays, decode, encode, partition_of

BURIED = "command.buried"
UNREADABLE = "unreadable"
_LIST = "SELECT id, topic, aggregate_id, type, died_at, error FROM dead_command ORDER BY died_at DESC LIMIT %s"
_COUNT = "SELECT count(*) FROM dead_command"
_DEATHS = "SELECT count(*) FROM dead_command WHERE aggregate_id = %s AND died_at > %s"
_ONE = "SELECT * FROM dead_command WHERE id = %s"
_LOCK = "SELECT * FROM dead_command WHERE id = %s FOR UPDATE"
_GONE = "DELETE FROM dead_command WHERE id = %s"


@dataclass(frozen=True, slots=True)
class DeadCommand:
    """A command and why it could not be decided."""

    sent: Envelope[Command]
    received_at: datetime
    died_at: datetime
    error: str
    trace: str


class Retried(Enum):
    """What came of a retry."""

    APPENDED = auto()
    MISSING = auto()
    UNREADABLE = auto()


def bury(connection: Connection, dead: Sequence[DeadCommand], partitions: int) -> None:
    """Keep dead commands and owe the operator a mail about each, in the transaction that answers them.

    Of many in one hour only the first are told of, because a loop must not flood anybody: all are kept. One that died
    before (a retry that failed again) is kept once, with its latest reason, and told once.
    """
    for one in dead:
        connection.exec_driver_sql(_GONE, (one.sent.id,))
    bulk.insert(connection, dead_command, [_row(one, partitions) for one in dead])
    outbox.owe_few(connection, [_told(one) for one in dead], MOST_TO_OPERATOR)


def bury_unreadable(connection: Connection, place: Place, batch: Batch, raw: list[Any], now: datetime) -> None:
    """Keep what came in a batch and is no command, under an id of its own; the operator's mail is the installation's."""
    own_id = derived_id(batch.appended_at, b"unreadable", str(batch.position).encode(), str(len(batch.body)).encode())
    row = {
        "id": own_id, "tenant_id": SYSTEM, "topic": place.topic, "part": place.part, "aggregate_id": None,
        "type": UNREADABLE, "envelope": raw, "died_at": now, "received_at": batch.appended_at,
        "error": "Unreadable: this is no command", "traceback": "",
    }  # fmt: skip
    bulk.insert(connection, dead_command, [row])
    outbox.owe_few(connection, [_notice(SYSTEM, own_id, None, UNREADABLE, "Unreadable", now)], MOST_TO_OPERATOR)


def listed(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """The latest dead commands: id, topic, aggregate_id, type, died_at, error."""
    found: Sequence[Row[Any]] = connection.exec_driver_sql(_LIST, (limit,)).all()
    return found


def counted(connection: Connection) -> int:
    """How many dead commands there are."""
    return int(connection.exec_driver_sql(_COUNT).scalar_one())


def deaths(connection: Connection, aggregate_id: UUID, since: datetime) -> int:
    """How many commands of an aggregate died after a moment and are still kept."""
    return int(connection.exec_driver_sql(_DEATHS, (aggregate_id, since)).scalar_one())


def shown(connection: Connection, command_id: UUID) -> Row[Any] | None:
    """One dead command, whole."""
    found: Row[Any] | None = connection.exec_driver_sql(_ONE, (command_id,)).first()
    return found


def discard(connection: Connection, command_id: UUID) -> bool:
    """Forget a dead command; whether there was one."""
    return bool(connection.exec_driver_sql(_GONE, (command_id,)).rowcount)


def retry(connection: Connection, command_id: UUID, partitions: int) -> Retried:
    """Put a dead command back into the log under its own id, with the moment it first came: who was in time still is.

    It is decided again, because that it broke is no outcome, and may be sent on as often as a new one. One that this
    program cannot read stays where it is.
    """
    row = connection.exec_driver_sql(_LOCK, (command_id,)).first()
    if row is None:
        return Retried.MISSING
    sent = None if row.type == UNREADABLE else decode(row.envelope)
    if not isinstance(sent, Envelope):
        return Retried.UNREADABLE
    discard(connection, command_id)
    append_as_of(connection, replace(sent, hops=0), partitions, row.received_at)
    return Retried.APPENDED


def _row(one: DeadCommand, partitions: int) -> dict[str, Any]:
    aggregate_id = one.sent.body.aggregate_id
    return {
        "id": one.sent.id,
        "tenant_id": one.sent.tenant_id,
        "topic": one.sent.body.topic,
        "part": partition_of(aggregate_id, partitions),
        "aggregate_id": aggregate_id,
        "type": one.sent.body.type,
        "envelope": arrays(encode([one.sent]))[0],
        "died_at": one.died_at,
        "received_at": one.received_at,
        "error": one.error,
        "traceback": one.trace,
    }


def _told(one: DeadCommand) -> OutboxMail:
    body, error = one.sent.body, one.error.partition(":")[0]
    return _notice(one.sent.tenant_id, one.sent.id, body.aggregate_id, body.type, error, one.died_at)


def _notice(
    tenant_id: UUID, command_id: UUID, aggregate_id: UUID | None, kind: str, error: str, died_at: datetime
) -> OutboxMail:
    """The operator's mail: the tenant's own, because it names its ids; it says nothing of what was in the command."""
    key = f"{BURIED}:{command_id}"
    facts = {
        "command": str(command_id),
        "type": kind,
        "tenant": str(tenant_id),
        "aggregate": str(aggregate_id or ""),
        "error": error,
        "diedAt": died_at.isoformat(),
    }
    own_id = derived_id(died_at, b"mail", key.encode())
    return OutboxMail(tenant_id, own_id, BURIED, key, OPERATOR, facts, died_at, died_at + OWED_FOR)
