"""Statements that go to Postgres as one packet, and their answers as they come: libpq's pipeline mode, and nothing in between.

psycopg's own pipeline hands every statement to the socket as it is executed, which wakes Postgres for each, and asks after each
whether something has come (measured for a drain of one command: 21 waits and 1.6 ms of processor time, against 3 and 1.1).
How values and rows are written and read is psycopg's business still.
"""

from __future__ import annotations

import select
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

MOST_PREPARED: Final = 250
"""Statements that a connection keeps plans of. A drain has some forty, in as many forms as its numbers have widths."""

_DONE: Final = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_UNNAMED: Final = b""
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


class Pipeline:
    """One connection, on which statements are sent together. Each is prepared when it is first seen."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._prepared: dict[_Form, bytes] = {}
        self._numbers = count(1)
        self._readable = select.poll()
        self._readable.register(connection.pgconn.socket, select.POLLIN)

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open."""
        return self._connection.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def run(self, statements: Sequence[Statement]) -> None:
        """Send all of them, then take their answers. psycopg.Error: that of the first that failed; none after it was executed.

        Where this is broken off, nobody knows any more what the next answer would belong to, and the connection is closed.
        """
        try:
            self._connection.pgconn.enter_pipeline_mode()
            prepared = [self._send(statement) for statement in statements]
            self._flush()
            failed = [self._take(*one) for one in zip(statements, prepared, strict=True)]
            self._result()
            self._connection.pgconn.exit_pipeline_mode()
        except BaseException:
            self._connection.close()
            raise
        for result in failed:
            if result is not None:
                raise error_from_result(result, self._connection.info.encoding)

    def _send(self, statement: Statement) -> tuple[_Form, bytes] | None:
        """Put a statement into the packet; returns what it is prepared as, if that is new."""
        pgconn, transformer = self._connection.pgconn, Transformer(self._connection)
        statement.transformer = transformer
        values = transformer.dump_sequence(statement.parameters, [PyFormat.AUTO] * len(statement.parameters))
        types, formats = transformer.types or (), transformer.formats
        form = (statement.query, types)
        name, new = self._prepared.get(form), None
        if name is None:
            name = b"drumroll_%d" % next(self._numbers) if len(self._prepared) < MOST_PREPARED else _UNNAMED
            new = (form, name)
            pgconn.send_prepare(name, statement.query, types)
        pgconn.send_query_prepared(name, values, formats, pq.Format.BINARY)
        return new

    def _flush(self) -> None:
        """Send the packet. What is answered meanwhile is read, because Postgres stops listening when nobody reads."""
        pgconn = self._connection.pgconn
        pgconn.pipeline_sync()
        while pgconn.flush():
            select.select([pgconn.socket], [pgconn.socket], [])
            pgconn.consume_input()

    def _take(self, statement: Statement, new: tuple[_Form, bytes] | None) -> pq.abc.PGresult | None:
        """Take a statement's answer; returns what it failed with."""
        if new is not None:
            (form, name), prepared = new, self._only_result()
            if prepared.status not in _DONE:
                self._only_result()
                return prepared
            if name:
                self._prepared[form] = name
        result = self._only_result()
        statement.answer(result)
        return None if result.status in _DONE else result

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
    """A statement with its places as Postgres numbers them: each `%s` becomes `$1`, `$2` and so on."""
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
