"""What the statements of timers, dead commands and the outbox do."""

from collections.abc import Sequence
from typing import Any

import orjson

from store import dead, outbox, timers
from tests.simulation.shapes import Scalar, shape
from tests.simulation.tables import Row, uuid_of
from tests.simulation.transaction import Statement, Transaction

_Values = Sequence[Any]
_Agenda = shape("now due_at")
_DUE = ("tenant_id", "aggregate_id", "purpose", "generation", "due_at", "type", "version", "body")


def _told(tx: Transaction, table: str, text: str) -> list[Row]:
    return [tx.store.tables[table].cast(row) for row in orjson.loads(text)]


def _key(row: Row) -> tuple[Any, ...]:
    return row["aggregate_id"], row["purpose"]


def set_timers(tx: Transaction, values: _Values) -> _Values:
    """Timers set, or moved to another generation."""
    return [_set(tx, row) for row in _told(tx, "timer", values[0])]


def _set(tx: Transaction, row: Row) -> Row:
    tx.lock("timer", _key(row))
    found = tx.get("timer", _key(row))
    if found is None:
        return tx.insert("timer", row)
    moved = {name: row[name] for name in ("due_at", "type", "version", "body")}
    return tx.change("timer", _key(row), moved | {"generation": found["generation"] + 1}) or row


def promise(tx: Transaction, values: _Values) -> _Values:
    """Timers set where none is."""
    rows = _told(tx, "timer", values[0])
    return [tx.insert("timer", row) for row in rows if tx.lock("timer", _key(row)) and not tx.get("timer", _key(row))]


def cancel(tx: Transaction, values: _Values) -> _Values:
    """Timers that are none any more."""
    return [row for told in _told(tx, "timer", values[0]) for row in [tx.delete("timer", _key(told))] if row]


def claim(tx: Transaction, values: _Values) -> _Values:
    """Timers that are due, held, and not held by anybody else."""
    at, known, limit = values
    versions = orjson.loads(known)
    due = [row for row in tx.rows("timer") if row["due_at"] <= at and row["version"] <= versions.get(row["type"], -1)]
    held = [row for row in sorted(due, key=lambda row: row["due_at"]) if tx.lock("timer", _key(row), skip=True)]
    now = [row for one in held[:limit] for row in [tx.get("timer", _key(one))] if row and row["due_at"] <= at]
    return [tuple([row[name] for name in _DUE]) for row in now]


def move(tx: Transaction, values: _Values) -> _Values:
    """Timers put off."""
    return [tx.change("timer", _key(told), {"due_at": values[0]}) for told in _told(tx, "timer", values[1])]


def agenda(tx: Transaction, values: _Values) -> _Values:
    """The ledger's time and the first timer's."""
    return [_Agenda(tx.store.now(), min((row["due_at"] for row in tx.rows("timer")), default=None))]


def next_due(tx: Transaction, values: _Values) -> _Values:
    """The first timer that is not due yet."""
    return [Scalar(min((row["due_at"] for row in tx.rows("timer") if row["due_at"] > values[0]), default=None))]


def gone(tx: Transaction, values: _Values) -> _Values:
    """A dead command, forgotten."""
    return [row for row in [tx.delete("dead_command", tuple(values))] if row]


def deaths(tx: Transaction, values: _Values) -> _Values:
    """How many commands of an aggregate died."""
    aggregate_id, since = values
    rows = tx.rows("dead_command")
    return [Scalar(sum(row["aggregate_id"] == aggregate_id and row["died_at"] > since for row in rows))]


def owe_few(tx: Transaction, values: _Values) -> _Values:
    """Mails that are owed, no more than so many of a kind within the hour."""
    text, first, since, most = values
    owed, numbered = tx.rows("outbox"), dict[tuple[Any, ...], int]()
    written = list[Any]()
    for row in sorted(_told(tx, "outbox", text), key=lambda row: row["id"]):
        kind = (row["tenant_id"], row["kind"])
        numbered[kind] = numbered.get(kind, 0) + 1
        before = sum(
            (one["tenant_id"], one["kind"]) == kind and one["id"] >= uuid_of(str(first)) and one["created_at"] > since
            for one in owed
        )
        if numbered[kind] + before <= most and not any(_same(one, row) for one in tx.rows("outbox")):
            written.append(tx.insert("outbox", row | {"next_at": row["created_at"]}))
    return written


def _same(one: Row, other: Row) -> bool:
    return one["tenant_id"] == other["tenant_id"] and one["dedupe_key"] == other["dedupe_key"]


def mail_is_due(tx: Transaction, values: _Values) -> _Values:
    """Whether a mail is to be looked after."""
    at, states = values
    due = (row for row in tx.rows("outbox") if row["next_at"] and row["next_at"] <= at and row["state"] in states)
    return [Scalar(1) for _ in list(due)[:1]]


def nobody(tx: Transaction, values: _Values) -> _Values:
    """No mail is sent here, so none expires and none is left half sent."""
    return []


STATEMENTS: dict[str, Statement] = {
    timers._SET: set_timers,
    timers._PROMISE: promise,
    timers._CANCEL: cancel,
    timers._CLAIM: claim,
    timers._MOVE: move,
    timers._AGENDA: agenda,
    timers._NEXT: next_due,
    dead._GONE: gone,
    dead._DEATHS: deaths,
    outbox._OWE_FEW: owe_few,
    outbox._DUE: mail_is_due,
    outbox._EXPIRE: nobody,
    outbox._LEFT: nobody,
}
