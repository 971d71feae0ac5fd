"""Repositories of states that are found by their own id within a tenant."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Row, Table

from store import bulk
from store.repositories.base import Repository


class Kept(Protocol):
    """A state with a tenant and an id."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant it belongs to."""

    @property
    def id(self) -> UUID:
        """Its id."""


S = TypeVar("S", bound=Kept)


class ById(Repository[UUID, S]):
    """The rows of one table by (tenant, id)."""

    table: ClassVar[Table]

    @abstractmethod
    def _state(self, row: Row[Any]) -> S:
        """The state that a row holds."""

    def _row(self, state: S) -> object:
        """The row of a state: itself, where its members are named like the columns."""
        return state

    def _where(self, condition: str, *values: object) -> list[S]:
        """The states under a condition on the table, each as this drain has left it."""
        statement = f"SELECT * FROM {self.table.name} WHERE {condition}"  # noqa: S608 (our own names)
        rows = self._scope.connection.exec_driver_sql(statement, values)
        return [self._as_left(self._state(row)) for row in rows]

    def _as_left(self, stored: S) -> S:
        key = self._key(stored)
        state = self._known.get(key) or stored
        self._known[key] = state
        return state

    def _key(self, state: S) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[S]:
        statement = (
            f"SELECT t.* FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id) "  # noqa: S608 (our own names)
            f"JOIN {self.table.name} t ON t.tenant_id = w.tenant_id AND t.id = w.id"
        )
        tenants, ids = zip(*wanted, strict=True)
        rows = self._scope.connection.exec_driver_sql(statement, (list(tenants), list(ids)))
        return (self._state(row) for row in rows)

    def _insert(self, states: Sequence[S]) -> None:
        bulk.insert(self._scope.connection, self.table, [self._row(state) for state in states])

    def _update(self, states: Sequence[S]) -> None:
        bulk.update(self._scope.connection, self.table, [self._row(state) for state in states])
