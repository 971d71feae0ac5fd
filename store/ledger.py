"""The ledger as a drain sees it: a place where connections are had, whatever stands behind them.

Postgres is one; what a test puts in its place sees the very statements that Postgres would, so that everything which is
decided about a row, read of it and written to it is decided by the same code.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from store.pipelined import Connection, Session, own_session, pipelined


class Ledger(Protocol):
    """Gives sessions. What is not committed when one is left has not happened; database.AWAY is raised where none can be had."""

    def opened(self) -> AbstractContextManager[Session]:
        """A session for a transaction."""
        ...

    def own_session(self) -> AbstractContextManager[Session]:
        """A session that may be changed by whoever leaves it, in the end, as it was."""
        ...


class Transactions(Protocol):
    """Gives transactions: committed at the end, rolled back when anything is raised. SQLAlchemy's Engine does."""

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Postgres:
    """The ledger on the connections of an engine's pool."""

    engine: Engine

    def opened(self) -> AbstractContextManager[Session]:
        """A session for a transaction."""
        return pipelined(self.engine)

    def own_session(self) -> AbstractContextManager[Session]:
        """A session that may be changed by whoever leaves it, in the end, as it was."""
        return own_session(self.engine)
