"""Bring a store up to date: the schema, the roles and what row level security shows them."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection

from store.roles import RolePasswords, create_roles, grant_access
from store.tables import metadata

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7226910034)"


def create_database(url: str, name: str) -> None:
    """Make an empty database on the server of this URL, whose role may make some. psycopg.Error where it may not."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def migrate(connection: Connection, passwords: RolePasswords, *, partitions: int = 8) -> None:
    """Create or upgrade everything, inside the caller's transaction. `partitions` counts only the first time."""
    create_roles(connection, passwords)
    command.upgrade(_config(connection), "head")
    grant_access(connection, metadata.tables.values(), partitions)


def wait_for_turn(connection: Connection) -> None:
    """Wait until nobody else prepares this store; others wait until the caller's transaction ends."""
    connection.exec_driver_sql(_ONE_AT_A_TIME)


def revise(connection: Connection, message: str) -> None:
    """Write a new migration from the difference between the tables and the store."""
    command.revision(_config(connection), message, autogenerate=True)


def drift(connection: Connection) -> list[str]:
    """How the store differs from the tables: empty when the migrations say the same."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
    return [str(difference) for difference in compare_metadata(context, metadata)]


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config
