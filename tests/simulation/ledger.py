"""A ledger in memory: what is written shows when it is committed, rows are locked as they are written, nobody waits for ever.

It takes the very statements that Postgres takes (`statements.py` says what each does), READ COMMITTED, with the tables'
keys, unique indexes and checks, and raises what psycopg raises. `Wire` is what lies between a process and the ledger.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.simulation.tables import Kept, Key, all_tables
from tests.simulation.transaction import IDLE_PATIENCE, Statement, Transaction
from tests.simulation.wire import Answer, Calm, Wire

ALONE_PATIENCE = 10.0
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
Resolve = Callable[[str], Statement]


class Session:
    """A connection. When it ends, whatever was not committed is rolled back and everything is let go."""

    def __init__(self, store: "Store", wire: Wire) -> None:
        self._store, self.wire = store, wire
        self._ended: Exception | None = None
        self._sending = False
        self.transaction: Transaction | None = None
        self.alone: set[Any] = set()
        self.last = store.seconds()
        store.sessions.append(self)

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Answer:
        """Execute a statement of the store."""
        meaning = self._store.resolve(statement)
        if self._sending:
            return self._done(meaning, parameters)
        self._reach(meaning.__name__)
        answer = self._done(meaning, parameters)
        self._answer(meaning.__name__)
        return answer

    def execute(self, query: bytes, params: Any = None) -> None:
        """Execute a statement that commits by itself: nothing comes between the two."""
        meaning = self._store.resolve(query.decode())
        self._reach(meaning.__name__)
        self._done(meaning, params)
        self.close_transaction(keep=True)
        self._answer(meaning.__name__)

    def close(self) -> None:
        """Let it go."""
        self.end()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is executed inside; its answers are known when the block ends."""
        self._reach("together")
        self._sending = True
        try:
            yield
        finally:
            self._sending = False
        self._answer("together")

    def commit(self) -> None:
        """End the transaction; everything it did stays, unless something in it failed."""
        self._reach("commit")
        self.close_transaction(keep=True)
        self._answer("commit")

    def rollback(self) -> None:
        """End the transaction; nothing it did stays."""
        self._reach("rollback")
        self.close_transaction(keep=False)

    def begun(self) -> Transaction:
        """The transaction, begun if there is none."""
        if self.transaction is None:
            self.transaction = Transaction(self._store, self)
        return self.transaction

    def close_transaction(self, *, keep: bool) -> None:
        """End the transaction, if there is one."""
        transaction, self.transaction = self.transaction, None
        if transaction is None:
            return
        keep = keep and not transaction.failed
        if keep and transaction.writes:
            self._store.committing(transaction)
        transaction.end(keep=keep)
        if keep and transaction.writes:
            self._store.committed(transaction)

    def end(self, because: Exception | None = None) -> None:
        """The ledger lets go of the session: nobody hears from it any more."""
        if self._ended is None:
            self._ended = because or psycopg.errors.IdleInTransactionSessionTimeout(
                "the session ended while it was idle"
            )
            self.close_transaction(keep=False)
            self.alone.clear()
            self._store.sessions.remove(self)

    def wait(self) -> None:
        """Somebody holds what is wanted."""
        self.wire.wait()
        self._alive()

    def _reach(self, what: str) -> None:
        try:
            self.wire.reach(what)
        except psycopg.OperationalError as lost:
            self.end(lost)
            raise
        self._alive()

    def _answer(self, what: str) -> None:
        try:
            self.wire.answer(what)
        except psycopg.OperationalError as lost:
            self.end(lost)
            raise

    def _alive(self) -> None:
        """Raise what the driver raises of a session that was ended: first why, then that it is closed."""
        if self.transaction is not None and self._store.lapsed(self, IDLE_PATIENCE):
            self.end()
        ended = self._ended
        if ended is not None:
            self._ended = psycopg.OperationalError("the connection is closed")
            raise ended
        self.last = self._store.seconds()

    def _done(self, meaning: Statement, parameters: Any) -> Answer:
        self._alive()
        transaction = self.begun()
        if transaction.failed:
            raise psycopg.errors.InFailedSqlTransaction("an earlier statement failed")
        try:
            return Answer(meaning(transaction, parameters or ()))
        except psycopg.Error:
            transaction.failed = True
            raise


@dataclass(eq=False)
class Store:
    """The ledger. `seconds` is the time of the world, `ahead` how far the ledger's clock is from it."""

    resolve: Resolve
    seconds: Callable[[], float] = lambda: 0.0
    committing: Callable[[Transaction], None] = lambda _: None
    committed: Callable[[Transaction], None] = lambda _: None
    ahead: timedelta = timedelta(0)
    waited: int = 0
    ended_idle: int = 0
    tables: dict[str, Kept] = field(default_factory=all_tables)
    locks: dict[tuple[str, Key], Transaction] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def now(self) -> datetime:
        """What the ledger's clock says."""
        return NOON + timedelta(microseconds=round(self.seconds() * 1e6)) + self.ahead

    def next(self, sequence: str) -> int:
        """The next number of a sequence; none comes back."""
        number = self._numbers[sequence] = self._numbers.get(sequence, 0) + 1
        return number

    def lapsed(self, session: Session, patience: float) -> bool:
        """Whether a session has said nothing for so long that it is ended."""
        lapsed = self.seconds() - session.last > patience
        self.ended_idle += lapsed
        return lapsed

    def alone(self, session: Session, key: Any) -> bool:
        """Take a lock that is the session's, if nobody has it."""
        for other in list(self.sessions):
            if other is not session and key in other.alone:
                if not self.lapsed(other, ALONE_PATIENCE):
                    return False
                other.end()
        session.alone.add(key)
        return True


@dataclass(frozen=True)
class Memory:
    """The ledger's ports over a store in memory: what drains and schedulers are given."""

    store: Store
    wire: Wire = field(default_factory=Calm)

    @contextmanager
    def opened(self) -> Iterator[Session]:
        """A session for a transaction."""
        self.wire.reach("connect")
        session = Session(self.store, self.wire)
        try:
            yield session
        finally:
            self.wire.leave(session.end)

    own_session = opened

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back when anything is raised."""
        with self.opened() as session:
            yield session
            session.commit()
