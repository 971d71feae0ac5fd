"""What must be true of the store before anything runs: it is there, it is up to date, and its tokens can be signed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from cryptography.exceptions import InvalidTag
from psycopg import errors
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from cli.errors import ObstacleError
from cli.system.servers import in_database
from runtime.keys import new_key, open_key
from runtime.preflight import refusals
from store import database, preflight, signing_keys
from store.migrations.run import create_database, migrate, wait_for_turn
from store.roles import RolePasswords


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A transaction on the store, committed at the end of the block. ObstacleError when the store cannot be reached."""
    engine = database.engine(url, database.OPERATOR, pool=1)
    try:
        with explained(url), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Database errors of a block, as what they mean to an operator: ObstacleError. Others pass."""
    try:
        yield
    except DBAPIError as failure:
        raise _explanation(failure.orig, url) or failure from None
    except psycopg.Error as failure:
        raise _explanation(failure, url) or failure from None


def ensure_database(url: str) -> None:
    """Create the database that `url` names, unless it is there. ObstacleError: the server cannot be reached."""
    name = urlsplit(url).path.lstrip("/")
    with explained(url):
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as failure:
            if f'database "{name}" does not exist' not in str(failure):
                raise
            create_database(in_database(url, "postgres"), name)


def prepare(connection: Connection, passwords: RolePasswords, key_encryption_key: bytes | None) -> list[str]:
    """Bring schema, roles and signing keys up to date; returns the purposes for which there still is no signing key.

    Without a key-encryption key none is made. ObstacleError when the keys that are there were sealed under another.
    """
    wait_for_turn(connection)
    migrate(connection, passwords)
    if key_encryption_key is None:
        return signing_keys.without_key(connection)
    check_sealed(connection, key_encryption_key)
    for purpose in signing_keys.without_key(connection):
        signing_keys.rotate(connection, purpose, new_key(key_encryption_key))
    return []


def check_server(url: str, *, unsafe_allowed: bool) -> list[str]:
    """See that the server keeps what it commits; what else there is to say of it. ObstacleError: it does not, and must."""
    with explained(url):
        found = preflight.of_server(url)
    if reasons := refusals(found, unsafe_allowed=unsafe_allowed):
        raise ObstacleError("\n".join(reasons))
    return [*found.unsafe, *found.warnings]


def check_sealed(connection: Connection, key_encryption_key: bytes) -> None:
    """See that the signing keys open with this key-encryption key. ObstacleError otherwise."""
    for key in signing_keys.kept(connection):
        try:
            open_key(key.kid, key.sealed, key_encryption_key)
        except InvalidTag:
            raise ObstacleError(
                "The signing keys in this store were sealed under another key-encryption key. Set KEY_ENCRYPTION_KEY to "
                "the one they were made with; there is no way round it, and with a new one every token out there ends."
            ) from None


def _explanation(failure: BaseException | None, url: str) -> ObstacleError | None:
    said, place = " ".join(str(failure).split()), database.place_of(url)
    if shut_out := preflight.shut_out(failure, url):
        return ObstacleError(shut_out)
    if isinstance(failure, errors.InsufficientPrivilege):
        return ObstacleError(
            f"{place} may not do this ({said}). The owner of the store must be allowed to create roles (CREATEROLE, "
            "BYPASSRLS) and own the database; every other command takes the role that `drumroll settings --of` names."
        )
    if isinstance(failure, psycopg.OperationalError):
        return ObstacleError(f"Postgres cannot be reached at {place} ({said}). Start it, or mend the URL.")
    return None
