"""Statements that go to Postgres together, and their answers as they come: libpq's pipeline mode, and nothing in between.

psycopg's own pipeline hands every statement to the socket as it is executed, which wakes Postgres for each, and asks after each
whether something has come (measured for a drain of one command: 21 waits and 1.6 ms of processor time, against 3 and 1.1).
How values and rows are written and read is psycopg's business still.
"""

from __future__ import annotations

import select
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Final

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

MOST_PREPARED: Final = 250
"""Statements that a connection keeps plans of. A drain has some forty, in as many forms as its numbers have widths."""

PREPARES_NOTHING: Final = {"prepare_threshold": None}
"""What a connection is made with that is to have a pipeline. The driver, where it has ever prepared anything itself, lets
Postgres forget all plans at a rollback, whoever made them."""

_DONE: Final = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_UNNAMED: Final = b""
_STALE: Final = frozenset({"0A000", "26000"})
"""What Postgres says of a plan whose rows would have other columns now, and of one that it does not have any more."""
_Form = tuple[bytes, tuple[int, ...]]


class Statement:
    """A statement with its values, and once it was answered its rows. `%s` is the place of a value."""

    __slots__ = ("_result", "_rows", "parameters", "query", "transformer")

    def __init__(self, statement: str, parameters: Sequence[Any] | None = None) -> None:
        self.query = statement.encode() if parameters is None else numbered(statement)
        self.parameters = parameters or ()
        self.transformer: abc.Transformer | None = None
        self._result: pq.abc.PGresult | None = None
        self._rows: list[Any] | None = None

    def answer(self, result: pq.abc.PGresult) -> None:
        """Take what Postgres said."""
        self._result = result

    @property
    def answered(self) -> bool:
        """Whether Postgres has said something."""
        return self._result is not None

    @property
    def changed(self) -> int:
        """How many rows it changed or found."""
        assert self._result is not None  # noqa: S101 (narrows the type; whoever asks has seen that it was answered)
        return self._result.command_tuples or 0

    def rows(self) -> list[Any]:
        """The rows, each a named tuple; none of a statement that gives none."""
        if self._rows is None:
            assert self._result is not None and self.transformer is not None  # noqa: S101 (as in `changed`)
            found = self._result.status == pq.ExecStatus.TUPLES_OK
            self._rows = _rows(self._result, self.transformer) if found else []
        return self._rows


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement as Postgres is sent it. Which plan it needs depends on its text and on the types of its values."""

    statement: Statement
    form: _Form
    values: Sequence[abc.Buffer | None]
    formats: Sequence[pq.Format]


class Pipeline:
    """One connection, on which statements are sent together. Each is prepared when it is first seen.

    ValueError where the driver prepares on this connection as well.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        if connection.prepare_threshold is not None:
            raise ValueError(f"only one of two may prepare on a connection: make it with {PREPARES_NOTHING}")
        self._connection, self._encoding = connection, connection.info.encoding
        self._prepared: dict[_Form, bytes] = {}
        self._numbers = count(1)
        self._readable, self._open = select.poll(), select.poll()
        self._readable.register(connection.pgconn.socket, select.POLLIN)
        self._open.register(connection.pgconn.socket, select.POLLIN | select.POLLOUT)

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open."""
        return self._connection.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def run(self, statements: Sequence[Statement]) -> None:
        """Send all of them, then take their answers. psycopg.Error: that of the first that failed; none after it was executed.

        A value that cannot be written fails before anything is sent. Where this is broken off later, nobody knows any more what
        the next answer would belong to, and the connection is closed; Postgres goes on with what it does until it sees that.
        """
        packet = [self._written(statement) for statement in statements]
        try:
            failure = self._exchanged(packet)
        except BaseException:
            self._connection.close()
            raise
        if failure is not None:
            raise failure

    def _exchanged(self, packet: Sequence[_Written]) -> psycopg.Error | None:
        """Returns what the first failed with. Where Postgres ends the connection, what it said is raised, if it said why."""
        pgconn, failure = self._connection.pgconn, None
        pgconn.enter_pipeline_mode()
        new = [self._send(one) for one in packet]
        self._flush()
        try:
            for one, is_new in zip(packet, new, strict=True):
                failed = self._take(one, is_new=is_new)
                failure = failure or failed
            self._result()
        except psycopg.OperationalError as broken:
            raise failure or broken from broken
        pgconn.exit_pipeline_mode()
        return failure

    def _written(self, statement: Statement) -> _Written:
        transformer = statement.transformer = Transformer(self._connection)
        values = transformer.dump_sequence(statement.parameters, [PyFormat.AUTO] * len(statement.parameters))
        return _Written(statement, (statement.query, transformer.types or ()), values, transformer.formats or ())

    def _send(self, one: _Written) -> bool:
        """Put a statement into the packet; returns whether it has to be prepared first."""
        pgconn, name = self._connection.pgconn, self._prepared.get(one.form)
        is_new = name is None
        if name is None:
            name = b"drumroll_%d" % next(self._numbers) if len(self._prepared) < MOST_PREPARED else _UNNAMED
            if name:
                self._prepared[one.form] = name
            pgconn.send_prepare(name, *one.form)
        pgconn.send_query_prepared(name, one.values, one.formats, pq.Format.BINARY)
        return is_new

    def _flush(self) -> None:
        """Send the packet. What is answered meanwhile is read, because Postgres stops listening when nobody reads."""
        pgconn = self._connection.pgconn
        pgconn.pipeline_sync()
        while pgconn.flush():
            self._open.poll()
            pgconn.consume_input()

    def _take(self, one: _Written, *, is_new: bool) -> psycopg.Error | None:
        """Take a statement's answer; returns what it failed with. OperationalError: its plan is none any more."""
        if is_new and (prepared := self._only_result()).status not in _DONE:
            self._only_result()
            self._prepared.pop(one.form, None)
            return error_from_result(prepared, self._encoding)
        result = self._only_result()
        if result.status in _DONE:
            one.statement.answer(result)
            return None
        failure = error_from_result(result, self._encoding)
        if not is_new and failure.sqlstate in _STALE:
            raise psycopg.OperationalError(
                f"A plan was made before the tables changed; the next connection has none: {failure}"
            )
        return failure

    def _only_result(self) -> pq.abc.PGresult:
        result = self._result()
        if self._result() is not None or result is None:
            raise psycopg.InterfaceError("one answer was expected")
        return result

    def _result(self) -> pq.abc.PGresult | None:
        pgconn = self._connection.pgconn
        while pgconn.is_busy():
            self._readable.poll()
            pgconn.consume_input()
        return pgconn.get_result()


@lru_cache(maxsize=1_000)
def numbered(statement: str) -> bytes:
    """A statement with its places as Postgres numbers them: each `%s` becomes `$1`, `$2` and so on.

    ValueError for `%%`: any other percent sign stands for itself, and whoever doubles it means something else.
    """
    if "%%" in statement:
        raise ValueError(f"a percent sign is written once here: {statement}")
    first, *parts = statement.split("%s")
    return (first + "".join(f"${number}{part}" for number, part in enumerate(parts, 1))).encode()


def _rows(result: pq.abc.PGresult, transformer: abc.Transformer) -> list[Any]:
    transformer.set_pgresult(result)
    names = tuple([result.fname(column) or b"" for column in range(result.nfields)])
    return transformer.load_rows(0, result.ntuples, _row_of(names))


@lru_cache(maxsize=1_000)
def _row_of(names: tuple[bytes, ...]) -> Callable[[Sequence[Any]], Any]:
    """Makes a row with these columns."""
    row = namedtuple("row", [name.decode() for name in names], rename=True)  # type: ignore[misc]  # noqa: PYI024 (see `names`)
    made: Callable[[Sequence[Any]], Any] = row._make
    return made
