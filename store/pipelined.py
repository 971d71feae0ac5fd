"""One transaction after another on one connection, with statements sent together where nobody waits for an answer.

A drain is a dozen small statements. Sent one by one, most of its time goes into waking Postgres and being woken, so the lock
and what it takes go together, so do loads, and so do the writes and their commit (`store/libpq.py`). The interface is the part
of SQLAlchemy's Connection that the store uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol
from uuid import UUID

import psycopg
from sqlalchemy import Engine, PoolProxiedConnection

from store.libpq import Pipeline, Statement

LOST = (
    psycopg.OperationalError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)
"""What is raised where a connection was lost. Who was frozen in an open transaction for longer than its role may be was
cut off by Postgres, which the driver counts among the internal errors."""
_BEGIN, _COMMIT, _ROLLBACK = "BEGIN ISOLATION LEVEL READ COMMITTED", "COMMIT", "ROLLBACK"


class Connection(Protocol):
    """What the store needs of a connection: SQLAlchemy's has it, and so has the pipelined one."""

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Any:
        """Execute a statement with %s places."""
        ...


class Session(Connection, Protocol):
    """A connection on which one transaction follows another, and statements may be sent together."""

    def together(self) -> AbstractContextManager[Any]:
        """Send what is executed inside without waiting for answers in between."""
        ...

    def commit(self) -> None:
        """End the transaction; everything it did stays."""
        ...

    def rollback(self) -> None:
        """End the transaction; nothing it did stays."""
        ...


class Found:
    """The answer of one statement; reading it waits for it."""

    __slots__ = ("_ask", "_statement")

    def __init__(self, statement: Statement, ask: Callable[[], None]) -> None:
        self._statement, self._ask = statement, ask

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        self.all()
        return self._statement.changed

    def __iter__(self) -> Iterator[Any]:
        """The rows; they are waited for when the first is asked for."""
        yield from self.all()

    def first(self) -> Any:
        """The first row, or None."""
        rows = self.all()
        return rows[0] if rows else None

    def all(self) -> Sequence[Any]:
        """All rows."""
        if not self._statement.answered:
            self._ask()
        return self._statement.rows()

    def one(self) -> Any:
        """The only row. LookupError when there is none or another."""
        rows = self.all()
        if len(rows) != 1:
            raise LookupError(f"one row was expected, {len(rows)} came")
        return rows[0]

    def scalar(self) -> Any:
        """The first member of the first row, or None."""
        row = self.first()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first member of the only row."""
        return self.one()[0]

    def scalars(self) -> list[Any]:
        """The first member of every row."""
        return [row[0] for row in self.all()]


class Pipelined:
    """A connection as the store uses it. Leaving `together` waits for everything that was executed in it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._waiting: list[Statement] = []
        self._depth = 0

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Found:
        """Execute a statement with %s places; in `together`, only note it. The first begins a transaction."""
        asked = Statement(statement, tuple(map(_sent, parameters)) if parameters else None)
        self._execute(asked)
        return Found(asked, self._exchange)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is executed inside as one, when it is left or an answer is read. Where it raises, its rest is not sent."""
        waited = len(self._waiting)
        self._depth += 1
        try:
            yield
        except BaseException:
            del self._waiting[waited:]
            raise
        finally:
            self._depth -= 1
        if not self._depth:
            self._exchange()

    def commit(self) -> None:
        """End the transaction; everything it did stays."""
        if self._waiting or not self._pipeline.is_idle:
            self._execute(Statement(_COMMIT))

    def rollback(self) -> None:
        """End the transaction; nothing it did stays."""
        self._waiting.clear()
        if not self._pipeline.is_idle:
            self._pipeline.run([Statement(_ROLLBACK)])

    def _execute(self, statement: Statement) -> None:
        ended = self._waiting[-1].query == _COMMIT.encode() if self._waiting else self._pipeline.is_idle
        if ended:
            self._waiting.append(Statement(_BEGIN))
        self._waiting.append(statement)
        if not self._depth:
            self._exchange()

    def _exchange(self) -> None:
        statements, self._waiting = self._waiting, []
        if statements:
            self._pipeline.run(statements)


def id_array(ids: Iterable[UUID]) -> str:
    """An array of ids as Postgres reads it, in a fifth of the time that the driver takes to write one."""
    return "{" + ",".join([one.hex for one in ids]) + "}"


def _sent(value: object) -> object:
    return id_array(value) if isinstance(value, list) and value and isinstance(value[0], UUID) else value


@contextmanager
def transaction(engine: Engine) -> Iterator[Pipelined]:
    """A transaction on a connection of the engine's pool: committed at the end, rolled back when anything is raised."""
    with pipelined(engine) as connection:
        yield connection
        connection.commit()


@contextmanager
def committing(connection: Session) -> Iterator[None]:
    """One transaction of several on a connection: committed at the end, rolled back when anything is raised.

    Where the connection is lost there is nothing to roll back, and what is raised tells how it was lost.
    """
    try:
        yield
    except BaseException:
        with suppress(*LOST):
            connection.rollback()
        raise
    connection.commit()


@contextmanager
def own_session(engine: Engine) -> Iterator[Pipelined]:
    """A connection whose session may be changed by whoever leaves it, in the end, as it was.

    Whoever does not come to the end has the connection thrown away, and Postgres ends the session with all that it holds.
    """
    raw, ended = engine.raw_connection(), False
    try:
        yield Pipelined(_pipeline_of(raw))
        ended = True
    finally:
        if not ended:
            raw.invalidate()
        raw.close()


@contextmanager
def pipelined(engine: Engine) -> Iterator[Pipelined]:
    """A connection of the engine's pool. What was not committed is rolled back; a broken connection is thrown away."""
    raw = engine.raw_connection()
    try:
        yield Pipelined(_pipeline_of(raw))
    except BaseException as failure:
        if isinstance(failure, LOST) or _driven(raw).closed:
            raw.invalidate()
        raise
    finally:
        raw.close()


def _pipeline_of(raw: PoolProxiedConnection) -> Pipeline:
    """The pipeline of a connection, which knows what is prepared on it: kept with it for as long as it is open."""
    pipeline: Pipeline | None = raw.info.get("pipeline")
    if pipeline is None:
        pipeline = raw.info["pipeline"] = Pipeline(_driven(raw))
    return pipeline


def _driven(raw: PoolProxiedConnection) -> psycopg.Connection[Any]:
    connection: psycopg.Connection[Any] = raw.driver_connection  # type: ignore[assignment] # the engine's driver is psycopg
    return connection
