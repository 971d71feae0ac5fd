"""What is kept of a draw's order beside its entries: who was passed over, who counts, and every line of the log."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import Table

from domain.draw.state import Counting, Draw, LoggedStep, Passed
from store import bulk
from store.repositories.base import Repository
from store.tables.draw import draw_counting, draw_passed, draw_step

_COUNTING = """
SELECT c.tenant_id, c.draw_id, c.duplicate_key, c.entry_id
FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[]) AS w(tenant_id, draw_id, duplicate_key)
JOIN draw_counting c ON c.tenant_id = w.tenant_id AND c.draw_id = w.draw_id AND c.duplicate_key = w.duplicate_key"""
_PASSED = """
SELECT p.tenant_id, p.draw_id, p.rank, p.entry_id, p.people, p.open, p.prize, p.round
FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bigint[]) AS w(tenant_id, draw_id, round, rank)
JOIN draw_passed p ON p.tenant_id = w.tenant_id AND p.draw_id = w.draw_id AND p.rank = w.rank AND p.round = w.round"""
_FITTING = """
SELECT p.tenant_id, p.draw_id, p.rank, p.entry_id, p.people, p.open, p.prize, p.round
FROM unnest(%s::text[], %s::bigint[]) AS lot(prize, free), generate_series(1, lot.free) AS size, LATERAL (
  SELECT * FROM draw_passed
  WHERE tenant_id = %s AND draw_id = %s AND prize = lot.prize AND people = size AND open ORDER BY round, rank LIMIT %s) p
ORDER BY p.round, p.rank LIMIT %s"""
_STEPS = """
SELECT s.tenant_id, s.draw_id, s.n, s.facts FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS w(tenant_id, draw_id, n)
JOIN draw_step s ON s.tenant_id = w.tenant_id AND s.draw_id = w.draw_id AND s.n = w.n"""
MOST_PEOPLE = 100
K = TypeVar("K", bound=Hashable)
S = TypeVar("S", Counting, LoggedStep, Passed)


class OfDraw(Repository[tuple[UUID, K], S]):
    """Rows that are found by their draw and one member more."""

    table: ClassVar[Table]
    statement: ClassVar[str]

    @abstractmethod
    def _member(self, state: S) -> K:
        """What tells a row from the others of its draw."""

    @abstractmethod
    def _state(self, row: Any) -> S:
        """The state that a row holds."""

    def _key(self, state: S) -> tuple[UUID, tuple[UUID, K]]:
        return state.tenant_id, (state.draw_id, self._member(state))

    def _select(self, wanted: list[tuple[UUID, tuple[UUID, K]]]) -> Iterable[S]:
        values = [one[0] for one in wanted], [one[1][0] for one in wanted], [one[1][1] for one in wanted]
        return (self._state(row) for row in self._scope.connection.exec_driver_sql(self.statement, values))

    def _insert(self, states: list[S]) -> None:
        bulk.insert(self._scope.connection, self.table, states)

    def _update(self, states: list[S]) -> None:
        bulk.update(self._scope.connection, self.table, states)


class CountingEntries(OfDraw[bytes, Counting]):
    """Of entries with one duplicate key the one that counts."""

    table, statement = draw_counting, _COUNTING

    def of_keys(self, draw: Draw, keys: Iterable[bytes]) -> dict[bytes, UUID]:
        """The entries that count of these keys, as far as one was met."""
        wanted = set(keys)
        for key in wanted:
            self.want((draw.id, key))
        self.load()
        found = (self.get((draw.id, key)) for key in wanted)
        return {one.duplicate_key: one.entry_id for one in found if one is not None}

    def _member(self, state: Counting) -> bytes:
        return state.duplicate_key

    def _state(self, row: Any) -> Counting:
        return Counting(row[0], row[1], bytes(row[2]), row[3])


class PassedGroups(OfDraw[tuple[int, int], Passed]):
    """Groups that were passed over, by round and rank."""

    table, statement = draw_passed, _PASSED

    def fitting(self, draw: Draw, limit: int) -> list[Passed]:
        """The first groups in order that would fit into the free places, as this drain has left them."""
        free = {prize: min(lot.free, MOST_PEOPLE) for prize, lot in draw.lots.items() if lot.free > 0}
        if not free:
            return []
        put = [one for one in (*self._new.values(), *self._dirty.values()) if one.draw_id == draw.id]
        most = limit + len(put)
        values = (list(free), list(free.values()), draw.tenant_id, draw.id, most, most)
        rows = self._scope.connection.exec_driver_sql(_FITTING, values)
        stored = (self._known.setdefault(self._key(one), one) or one for one in map(self._state, rows))
        left = {self._member(one): one for one in (*stored, *put)}
        fit = (one for one in left.values() if one.open and one.people <= free.get(one.prize, 0))
        return sorted(fit, key=self._member)[:limit]

    def _member(self, state: Passed) -> tuple[int, int]:
        return state.round, state.rank

    def _select(self, wanted: list[tuple[UUID, tuple[UUID, tuple[int, int]]]]) -> Iterable[Passed]:
        rows = [(tenant_id, draw_id, *member) for tenant_id, (draw_id, member) in wanted]
        values = tuple(map(list, zip(*rows, strict=True)))
        return (self._state(row) for row in self._scope.connection.exec_driver_sql(self.statement, values))

    def _state(self, row: Any) -> Passed:
        return Passed(*row)


class Steps(OfDraw[int, LoggedStep]):
    """The lines of the log."""

    table, statement = draw_step, _STEPS

    def _member(self, state: LoggedStep) -> int:
        return state.n

    def _state(self, row: Any) -> LoggedStep:
        return LoggedStep(*row)
