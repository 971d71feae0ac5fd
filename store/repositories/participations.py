"""Participations, whatever their kind: found by id and by person, written so that nobody is ever inside twice."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Table

from store import bulk
from store.repositories.base import Repository, Tenancy

By = Callable[[Any], Any]


class Participation(Protocol):
    """Somebody in a distribution."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant."""

    @property
    def id(self) -> UUID:
        """The participation."""

    @property
    def consumer_id(self) -> UUID:
        """Who it is."""


P = TypeVar("P", bound=Participation)


class Participations(Repository[UUID, P]):
    """The participations of a drain, by id; persons lead to them.

    `by_id` and `by_person` are statements whose rows `_state` reads: of lists of tenants and ids, and of tenants,
    distributions and persons.
    """

    table: ClassVar[Table]
    by_id: ClassVar[str]
    by_person: ClassVar[str]

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._persons: dict[tuple[UUID, UUID, UUID], dict[UUID, None]] = {}
        self._asked: set[tuple[UUID, UUID, UUID]] = set()
        self._answered: Iterator[P] = iter(())

    @abstractmethod
    def _state(self, row: Any) -> P:
        """The state that a row holds."""

    @abstractmethod
    def _distribution(self, state: P) -> UUID:
        """The distribution that a participation is in."""

    @abstractmethod
    def _arrival(self, state: P) -> int:
        """What orders participations by arrival."""

    def want_person(self, distribution_id: UUID, consumer_id: UUID) -> None:
        """All participations of this person in this distribution will be asked for."""
        person = (self._scope.tenant_id, distribution_id, consumer_id)
        if person not in self._persons:
            self._asked.add(person)

    def ask(self) -> None:
        """Send for what is wanted, by id and by person."""
        super().ask()
        if self._asked:
            asked, self._asked = list(self._asked), set()
            self._persons.update({person: {} for person in asked})
            self._answered = self._rows(self.by_person, *map(list, zip(*asked, strict=True)))

    def take(self) -> None:
        """Take the answers."""
        super().take()
        answered, self._answered = self._answered, iter(())
        for state in answered:
            self._remember(state)

    def mine(self, distribution_id: UUID, consumer_id: UUID) -> tuple[P, ...]:
        """Every participation of a person in a distribution, the first first."""
        person = (self._scope.tenant_id, distribution_id, consumer_id)
        if person not in self._persons:
            self._asked.add(person)
            self.load()
        found = (self._known[self._scope.tenant_id, own_id] for own_id in self._persons[person])
        return tuple(sorted((state for state in found if state is not None), key=self._arrival))

    def put(self, state: P) -> None:
        """Keep a new state, findable by person."""
        super().put(state)
        self._file(state)

    def within(self, distribution_id: UUID, entry_id: UUID) -> P | None:
        """A participation, if it is one of this distribution."""
        state = self.get(entry_id)
        return state if state is not None and self._distribution(state) == distribution_id else None

    def named(self, distribution_id: UUID, entry_id: UUID | None, consumer_id: UUID | None) -> tuple[P, ...]:
        """The participation that is named, or all of the person who is."""
        if entry_id is not None:
            state = self.within(distribution_id, entry_id)
            return () if state is None else (state,)
        return () if consumer_id is None else self.mine(distribution_id, consumer_id)

    def flush(self) -> None:
        """Write what changed before what is new: who left and came back in one drain is never inside twice."""
        self._update(list(self._dirty.values()))
        self._dirty.clear()
        super().flush()

    def _put(self, tenant_id: UUID, distribution_id: UUID) -> list[P]:
        """The participations of a distribution that this drain has made or changed, and not written yet."""
        put = (*self._new.values(), *self._dirty.values())
        return [one for one in put if one.tenant_id == tenant_id and self._distribution(one) == distribution_id]

    def _as_left(self, stored: Iterable[P], put: Iterable[P], meant: Callable[[P], bool], by: By) -> list[P]:
        """Those who are meant, as this drain has left them: what is stored may be of yesterday."""
        left = {state.id: state for state in (*map(self._remember, stored), *put)}
        return sorted(filter(meant, left.values()), key=by)

    def _remember(self, stored: P) -> P:
        state = self._known.setdefault((stored.tenant_id, stored.id), stored) or stored
        self._file(state)
        return state

    def _file(self, state: P) -> None:
        person = (state.tenant_id, self._distribution(state), state.consumer_id)
        if person in self._persons:
            self._persons[person][state.id] = None

    def _rows(self, statement: str, *values: object) -> Iterator[P]:
        answer = self._scope.connection.exec_driver_sql(statement, values)
        return (self._state(row) for row in answer)

    def _key(self, state: P) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[P]:
        tenants, ids = zip(*wanted, strict=True)
        return self._rows(self.by_id, list(tenants), list(ids))

    def _insert(self, states: list[P]) -> None:
        bulk.insert(self._scope.connection, self.table, states)

    def _update(self, states: list[P]) -> None:
        bulk.update(self._scope.connection, self.table, states)
