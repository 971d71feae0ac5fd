"""Bulk statements: many rows in one round trip, as JSON that Postgres unpacks.

One JSON text beats arrays per column four to one in Python's time (measured: 2.6 against 19.7 microseconds a row of 25
columns in batches of 64), and COPY is refused under row level security.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from store.pipelined import Connection

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # the dialect's class is not annotated


def insert(connection: Connection, table: Table, rows: Sequence[object]) -> None:
    """Insert rows: dicts or dataclasses whose members are named like columns. Columns that no row names keep their default."""
    if rows:
        connection.exec_driver_sql(_insert_sql(table, _names(rows[0])), (_json(rows),))


def upsert(connection: Connection, table: Table, rows: Sequence[object]) -> None:
    """Insert rows, or write them over those with the same primary key that are different; the others are left as they are."""
    if rows:
        connection.exec_driver_sql(_upsert_sql(table, _names(rows[0])), (_json(rows),))


def update(connection: Connection, table: Table, rows: Sequence[object]) -> None:
    """Write whole rows over those with the same primary key."""
    if rows:
        connection.exec_driver_sql(_update_sql(table, _names(rows[0])), (_json(rows),))


def _names(row: object) -> tuple[str, ...]:
    return tuple(row) if isinstance(row, dict) else tuple(row.__dataclass_fields__)  # type: ignore[attr-defined] # dict or dataclass


def _json(rows: Sequence[object]) -> str:
    return orjson.dumps(list(rows), default=_hex).decode()


def _hex(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(type(value).__name__)


def _recordset(table: Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(f"{name} {_type(table, name)}" for name in names)
    return f"json_to_recordset(%s::json) AS v({columns})"


def _type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_DIALECT))


@lru_cache(maxsize=128)
def _insert_sql(table: Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(names)
    return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {_recordset(table, names)}"  # noqa: S608 (our own names)


@lru_cache(maxsize=128)
def _upsert_sql(table: Table, names: tuple[str, ...]) -> str:
    keys = _keys(table)
    kept = [name for name in names if name not in keys]
    sets = ", ".join(f"{name} = excluded.{name}" for name in kept)
    before, after = (", ".join(f"{row}.{name}" for name in kept) for row in (table.name, "excluded"))
    writes = f"DO UPDATE SET {sets} WHERE ({before}) IS DISTINCT FROM ({after})"
    return f"{_insert_sql(table, names)} ON CONFLICT ({', '.join(keys)}) {writes}"


@lru_cache(maxsize=128)
def _update_sql(table: Table, names: tuple[str, ...]) -> str:
    keys = _keys(table)
    sets = ", ".join(f"{name} = v.{name}" for name in names if name not in keys)
    same = " AND ".join(f"t.{key} = v.{key}" for key in keys)
    return f"UPDATE {table.name} t SET {sets} FROM {_recordset(table, names)} WHERE {same}"  # noqa: S608 (our own names)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]
