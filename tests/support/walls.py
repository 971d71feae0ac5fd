"""Rows of two tenants in every table, and a look at them through the eyes of each role of the database."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import ARRAY, JSON, UUID, Boolean, DateTime, Float, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from store.roles import WITHOUT_POLICIES
from store.tables import metadata
from tests.support.database import TestDatabase

TABLES = sorted(metadata.tables)
WALLED = sorted(
    table.name
    for table in metadata.tables.values()
    if "tenant_id" in table.columns and table.name not in WITHOUT_POLICIES
)
_CHOSEN: dict[str, Any] = {"mode": "live", "kind": "secret", "status": "QUEUED", "state": "sent"}
_CHOSEN_IN: dict[str, dict[str, Any]] = {"draw_entry": {"status": "ENTERED"}}
_BY_TYPE: dict[type[TypeEngine[Any]], Any] = {
    Integer: 1,
    Float: 1.0,
    Boolean: False,
    LargeBinary: b"bytes",
    JSON: "{}",
    DateTime: datetime(2026, 1, 1, tzinfo=UTC),
}


def furnish(store: TestDatabase, tenant: uuid.UUID) -> None:
    """Give a tenant a row in every table with walls, whatever columns it has."""
    with psycopg.connect(store.owner) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # because rows need not belong together here
        for name in WALLED:
            row = _row_of(metadata.tables[name], tenant)
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(name),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() for _ in row),
            )
            connection.execute(statement, list(row.values()))


def _row_of(table: Table, tenant: uuid.UUID) -> dict[str, Any]:
    wanted = [
        column for column in table.columns
        if not column.nullable and column.server_default is None and column.identity is None
    ]  # fmt: skip
    own = {"tenant_id": tenant, **_CHOSEN_IN.get(table.name, {})}
    return {column.name: own.get(column.name) or _value(column.name, column.type) for column in wanted}


def _value(name: str, kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, UUID | Text):
        return _CHOSEN.get(name, uuid.uuid4())
    if isinstance(kind, ARRAY):
        return [_value("", kind.item_type)]
    return next(value for sort, value in _BY_TYPE.items() if isinstance(kind, sort))


@contextmanager
def as_role(store: TestDatabase, role: str, **settings: str) -> Iterator[psycopg.Connection]:
    """A transaction of a role with these settings of ours, rolled back at the end."""
    with psycopg.connect(store.url(role)) as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", (f"drumroll.{name}", value))
        yield connection
        connection.rollback()


def tenants_seen(connection: psycopg.Connection, table: str) -> set[uuid.UUID]:
    """The tenants whose rows are there."""
    found = connection.execute(sql.SQL("SELECT tenant_id FROM {}").format(sql.Identifier(table)))
    return {row[0] for row in found}


def is_refused(connection: psycopg.Connection, statement: sql.Composed, values: tuple[Any, ...] = ()) -> bool:
    """Whether the role may not do this; whatever else goes wrong means that it may."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement, values)
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.Error:
        return False
    return False
