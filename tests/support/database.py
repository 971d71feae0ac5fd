"""Databases for tests: migrated once for each server, copied for each who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from store import database
from store.migrations.run import migrate
from store.roles import RolePasswords

PASSWORDS = RolePasswords("tests")
PARTITIONS = 8
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A migrated database, by the URL of its owner."""

    __test__ = False  # because pytest takes every class of this name for tests

    owner: str

    def url(self, role: str) -> str:
        """The URL under a role of store.roles."""
        return PASSWORDS.url(self.owner, role)

    def engine(self, role: str | None = None, *, pool: int = 4) -> Engine:
        """An engine under a role, or under the owner. The caller disposes of it."""
        return database.engine(self.url(role) if role else self.owner, database.WORKER, pool=pool)

    def advance(self, interval: str) -> None:
        """Let the ledger's clock jump ahead."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute("UPDATE ledger_clock SET ahead = ahead + %s::interval", (interval,))


@contextmanager
def fresh_database(server: str, name: str = "test") -> Iterator[TestDatabase]:
    """A database of its own on the server of this superuser URL, dropped at the end."""
    template, own = _template(server), f"{name}_{next(_numbers)}"
    _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(own)))
    _run(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(own), sql.Identifier(template)))
    try:
        yield TestDatabase(_named(server, own))
    finally:
        _run(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(own)))


@lru_cache(maxsize=8)
def _template(server: str) -> str:
    name = "drumroll_template"
    _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    engine = database.engine(_named(server, name), database.OPERATOR, pool=1)
    try:
        with engine.begin() as connection:
            migrate(connection, PASSWORDS, partitions=PARTITIONS)
    finally:
        engine.dispose()
    return name


def _run(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _named(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
