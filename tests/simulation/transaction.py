"""A transaction of the ledger in memory: what it wrote, what it holds, and how long it waits for what others hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from tests.simulation.tables import Kept, Key, Row

if TYPE_CHECKING:
    from tests.simulation.ledger import Session, Store

LOCK_PATIENCE, IDLE_PATIENCE = 1.0, 2.0


class Transaction:
    """What a session has written since it last committed, the rows it holds, and the settings that end with it."""

    __slots__ = ("began", "failed", "held", "place", "session", "store", "tenants", "writes")

    def __init__(self, store: Store, session: Session) -> None:
        self.store, self.session, self.began = store, session, store.now()
        self.writes: dict[str, dict[Key, Row | None]] = {}
        self.held: list[tuple[str, Key]] = []
        self.tenants: frozenset[UUID] = frozenset()
        self.place: str | None = None
        self.failed = False

    def rows(self, table: str) -> list[Row]:
        """Every row that can be seen now."""
        kept, mine = self.store.tables[table].rows, self.writes.get(table)
        if not mine:
            return list(kept.values())
        return [row for row in {**kept, **mine}.values() if row is not None]

    def get(self, table: str, key: Key) -> Row | None:
        """The row of a key, as it can be seen now."""
        mine = self.writes.get(table)
        if mine is not None and key in mine:
            return mine[key]
        return self.store.tables[table].rows.get(key)

    def lock(self, table: str, key: Key, *, skip: bool = False) -> bool:
        """Hold a row until the transaction ends; False when somebody else does and that is to be skipped."""
        wanted, locks = (table, key), self.store.locks
        since = self.store.seconds()
        while (holder := locks.get(wanted)) is not None and holder is not self:
            if self.store.lapsed(holder.session, IDLE_PATIENCE):
                holder.session.end()
            elif skip:
                return False
            else:
                self.store.waited += 1
                self.session.wait()
                if self.store.seconds() - since > LOCK_PATIENCE:
                    raise psycopg.errors.LockNotAvailable(str(wanted))
        if holder is None:
            locks[wanted] = self
            self.held.append(wanted)
        return True

    def insert(self, table: str, told: Row) -> Row:
        """A new row. UniqueViolation when its key, or what else must be unique, is there."""
        kept = self.store.tables[table]
        row = kept.checked({**kept.defaults, **told})
        key = kept.key_of(row)
        self.lock(table, key)
        if self.get(table, key) is not None:
            raise psycopg.errors.UniqueViolation(f"{table}: {key}")
        self._only(kept, key, row)
        self._write(table, key, row)
        return row

    def change(self, table: str, key: Key, changes: Row) -> Row | None:
        """Write over a row as it is once nobody else holds it; None when there is none by then."""
        kept = self.store.tables[table]
        if self.get(table, key) is None:
            return None
        self.lock(table, key)
        found = self.get(table, key)
        if found is None:
            return None
        row = kept.checked({**found, **changes})
        self._only(kept, key, row)
        self._write(table, key, row)
        return row

    def delete(self, table: str, key: Key) -> Row | None:
        """Delete a row once nobody else holds it; the row, None when there is none by then."""
        if self.get(table, key) is None:
            return None
        self.lock(table, key)
        found = self.get(table, key)
        if found is not None:
            self._write(table, key, None)
        return found

    def end(self, *, keep: bool) -> None:
        """Let everything go; what was written stays or never was."""
        if keep and self.writes:
            for name, rows in self.writes.items():
                self.store.tables[name].keep(rows)
        for wanted in self.held:
            del self.store.locks[wanted]
        self.held.clear()

    def _only(self, kept: Kept, key: Key, row: Row) -> None:
        for index, of in kept.unique:
            value = of(row)
            if value is None:
                continue
            self.lock(index, value)
            if any(of(other) == value and kept.key_of(other) != key for other in self.rows(kept.name)):
                raise psycopg.errors.UniqueViolation(f"{index}: {value}")

    def _write(self, table: str, key: Key, row: Row | None) -> None:
        self.writes.setdefault(table, {})[key] = row


Statement = Callable[[Transaction, Sequence[Any]], Sequence[Any]]
"""What a statement does in a transaction with its values: the rows it found or changed."""
