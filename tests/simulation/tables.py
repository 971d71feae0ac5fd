"""Tables in memory: what their columns hold, what must be unique, and what must hold of a row, as the store's own say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import ARRAY, DateTime, LargeBinary, Table

import store.tables
from store.tables.base import metadata

assert store.tables  # because importing it is what fills the metadata
Row = dict[str, Any]
Key = tuple[Any, ...]
LIVE = frozenset({"QUEUED", "GRANTED"})
_NOT_BELOW_ZERO = ("waiting", "inside", "admitted", "completed")


@lru_cache(maxsize=65_536)
def uuid_of(text: str) -> UUID:
    """An id from its text."""
    return UUID(text)


@lru_cache(maxsize=65_536)
def moment_of(text: str) -> datetime:
    """A moment from its text."""
    return datetime.fromisoformat(text)


def ids_of(texts: Iterable[str]) -> list[UUID]:
    """An array of ids from a JSON array."""
    return [uuid_of(text) for text in texts]


def bytes_of(text: str) -> bytes:
    """Bytes from the form in which JSON carries them."""
    return bytes.fromhex(text[2:])


@dataclass(slots=True)
class Kept:
    """A table and its committed rows by their primary key."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    casts: Mapping[str, Callable[[Any], Any]]
    defaults: Row
    unique: tuple[tuple[str, Callable[[Row], Key | None]], ...]
    check: Callable[[Row], bool]
    rows: dict[Key, Row] = field(default_factory=dict)

    def key_of(self, row: Row) -> Key:
        """The primary key of a row."""
        return tuple([row[name] for name in self.key])

    def cast(self, told: Row) -> Row:
        """A row of JSON as the columns hold it."""
        row = dict(told)
        for name, cast in self.casts.items():
            value = row.get(name)
            if value is not None:
                row[name] = cast(value)
        return row

    def keep(self, written: Mapping[Key, Row | None]) -> None:
        """Rows that were committed; None: it was deleted."""
        for key, row in written.items():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row

    def checked(self, row: Row) -> Row:
        """The row, if the table takes it. CheckViolation when it does not."""
        if not self.check(row):
            raise psycopg.errors.CheckViolation(f"{self.name}: {row}")
        return row


def _cast(kind: Any) -> Callable[[Any], Any] | None:
    if isinstance(kind, ARRAY):
        return ids_of
    if isinstance(kind, DateTime):
        return moment_of
    if isinstance(kind, LargeBinary):
        return bytes_of
    return uuid_of if kind.__visit_name__ in {"uuid", "UUID"} else None


def _live_person(row: Row) -> Key | None:
    return (row["tenant_id"], row["queue_id"], row["consumer_id"]) if row["status"] in LIVE else None


def _ticket(row: Row) -> Key | None:
    return row["tenant_id"], row["queue_id"], row["ticket"]


def _owed(row: Row) -> Key | None:
    return row["tenant_id"], row["dedupe_key"]


def _granted_whole(row: Row) -> bool:
    told = (row["grant_id"], row["granted_at"], row["expires_at"])
    return row["status"] != "GRANTED" or all(value is not None for value in told)


_UNIQUE: dict[str, tuple[tuple[str, Callable[[Row], Key | None]], ...]] = {
    "queue_entry": (("queue_entry_ticket", _ticket), ("queue_entry_live", _live_person)),
    "outbox": (("outbox_tenant_id_dedupe_key_key", _owed),),
}
_CHECKS: dict[str, Callable[[Row], bool]] = {
    "queue": lambda row: all(row[name] >= 0 for name in _NOT_BELOW_ZERO),
    "queue_entry": _granted_whole,
    "command_log": lambda row: row["n"] > 0,
}
_DEFAULTS: dict[str, Row] = {
    "log_partition": {"strikes": 0},
    "command_log": {"attempts": 0},
    "timer": {"generation": 1},
    "queue": {"archived": False, "version": 1},
    "outbox": {"state": "pending", "attempts": 0, "unknowns": 0},
}


def kept(table: Table) -> Kept:
    """An empty table like one of the store's."""
    columns = tuple(column.name for column in table.columns)
    casts = {column.name: cast for column in table.columns for cast in [_cast(column.type)] if cast is not None}
    defaults = dict.fromkeys(columns) | _DEFAULTS.get(table.name, {})
    unique, check = _UNIQUE.get(table.name, ()), _CHECKS.get(table.name, lambda _row: True)
    return Kept(table.name, tuple(c.name for c in table.primary_key), columns, casts, defaults, unique, check)


@lru_cache(maxsize=1)
def _models() -> tuple[Kept, ...]:
    return tuple(kept(table) for table in metadata.tables.values())


def all_tables() -> dict[str, Kept]:
    """Every table of the store, empty."""
    return {
        one.name: Kept(one.name, one.key, one.columns, one.casts, one.defaults, one.unique, one.check)
        for one in _models()
    }
