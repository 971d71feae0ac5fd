"""The way to the ledger in memory, and the answers that come back."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import psycopg

_NOT_ONE = "one row was expected, {} came"


class Wire(Protocol):
    """What lies between a process and the ledger. Each call may let others go on, and may never return."""

    def reach(self, what: str) -> None:
        """Before anything arrives."""

    def answer(self, what: str) -> None:
        """After something was done, before that is known."""

    def wait(self) -> None:
        """Somebody else holds what is wanted."""

    def leave(self, end: Callable[[], None]) -> None:
        """The process lets go of a session, or is gone: `end` is how the ledger notices."""


class Calm:
    """Nothing happens on the way."""

    def reach(self, what: str) -> None:
        """It arrives."""

    def answer(self, what: str) -> None:
        """It is answered."""

    def wait(self) -> None:
        """Nobody else is there who could let go."""
        raise psycopg.errors.LockNotAvailable("held, and nobody else is there to let go")

    def leave(self, end: Callable[[], None]) -> None:
        """At once."""
        end()


class Answer:
    """The rows of a statement."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    @property
    def rowcount(self) -> int:
        """How many rows it found or changed."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        """The rows."""
        return iter(self._rows)

    def first(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def all(self) -> Sequence[Any]:
        """All rows."""
        return self._rows

    def one(self) -> Any:
        """The only row. LookupError when there is none or another."""
        if len(self._rows) != 1:
            raise LookupError(_NOT_ONE.format(len(self._rows)))
        return self._rows[0]

    def scalar(self) -> Any:
        """The first member of the first row, or None."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first member of the only row."""
        return self.one()[0]

    def scalars(self) -> list[Any]:
        """The first member of every row."""
        return [row[0] for row in self._rows]
