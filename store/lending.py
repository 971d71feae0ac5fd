"""Whether a connection of a pool is still good when it is lent, asked only where there is doubt.

To ask Postgres each time costs a drain of one command a tenth of all that it does. A server that has ended leaves something to
read, which costs nothing to see; one that has vanished with its host says nothing, and is asked for after a pause.
"""

from __future__ import annotations

import select
import time
from functools import partial
from typing import Any, Final

import psycopg
from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.event import listen
from sqlalchemy.exc import DisconnectionError

PAUSE_SECONDS: Final = 1.0
"""A connection that nobody has used for longer is asked."""

_RETURNED = "returned_at"


def lend_good_connections(engine: Engine) -> None:
    """Have the pool replace a connection that was lost while nobody used it, before anybody does."""
    listen(engine, "checkin", _returned)
    listen(engine, "checkout", partial(_lent, engine.dialect))


def _returned(_: psycopg.Connection[Any] | None, record: Any) -> None:
    record.info[_RETURNED] = time.monotonic()


def _lent(dialect: Dialect, connection: psycopg.Connection[Any], record: Any, _proxy: object) -> None:
    """DisconnectionError where it was lost: SQLAlchemy connects anew and lends that."""
    returned_at = record.info.get(_RETURNED)
    if returned_at is None:
        return
    doubtful = time.monotonic() - returned_at > PAUSE_SECONDS or _has_something_to_read(connection)
    if doubtful and not _answers(dialect, connection):
        raise DisconnectionError("The connection was lost while nobody used it.")


def _has_something_to_read(connection: psycopg.Connection[Any]) -> bool:
    """Whether Postgres has said something that nobody asked for: most likely, that it goes. So it is of a closed connection."""
    if connection.closed:
        return True
    readable = select.poll()
    readable.register(connection.pgconn.socket, select.POLLIN)
    return bool(readable.poll(0))


def _answers(dialect: Dialect, connection: psycopg.Connection[Any]) -> bool:
    try:
        return bool(dialect.do_ping(connection))  # type: ignore[arg-type] # the driver's connection, which the dialect means
    except psycopg.Error:
        return False
