"""What every repository does: told beforehand what is wanted, it reads it at once; what is put, it writes at once.

A repository cannot be made without the tenants it serves, and answers for one tenant at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

from store.pipelined import Connection

_NOTHING = (None, None, None)
K = TypeVar("K", bound=Hashable)
S = TypeVar("S")


class Tenancy:
    """The connection of a drain, and the tenant whose command is being decided."""

    __slots__ = ("connection", "tenant_id")

    def __init__(self, connection: Connection, tenant_id: UUID) -> None:
        self.connection = connection
        self.tenant_id = tenant_id


class Repository(ABC, Generic[K, S]):
    """An identity map over one table: states by (tenant, key)."""

    def __init__(self, scope: Tenancy) -> None:
        self._scope = scope
        self._wanted: set[tuple[UUID, K]] = set()
        self._known: dict[tuple[UUID, K], S | None] = {}
        self._new: dict[tuple[UUID, K], S] = {}
        self._dirty: dict[tuple[UUID, K], S] = {}
        self._found: Iterable[S] = ()
        self._recent: tuple[UUID | None, K | None, S | None] = _NOTHING

    def want(self, key: K) -> None:
        """This state will be asked for."""
        wanted = (self._scope.tenant_id, key)
        if wanted not in self._known:
            self._wanted.add(wanted)

    def load(self) -> None:
        """Read everything wanted, in one statement."""
        self.ask()
        self.take()

    def ask(self) -> None:
        """Send the statement; others may be sent before anybody waits for its answer."""
        if self._wanted:
            wanted, self._wanted = list(self._wanted), set()
            self._known.update(dict.fromkeys(wanted))
            self._found = self._select(wanted)

    def take(self) -> None:
        """Take the answer."""
        found, self._found = self._found, ()
        for state in found:
            self._known[self._key(state)] = state

    def get(self, key: K) -> S | None:
        """The state as this drain has left it, None when there is none."""
        tenant, last, state = self._recent
        if last is key and tenant is self._scope.tenant_id:
            return state
        wanted = (self._scope.tenant_id, key)
        if wanted not in self._known:
            self.want(key)
            self.load()
        state = self._known[wanted]
        self._recent = (*wanted, state)
        return state

    def put(self, state: S) -> None:
        """Keep a new state; it is written when the drain is done."""
        key = self._key(state)
        if key in self._new or self._known.get(key) is None:
            self._new[key] = state
        else:
            self._dirty[key] = state
        self._known[key] = state
        if self._recent[1] is not None:
            self._recent = _NOTHING

    def flush(self) -> None:
        """Write what was put: new rows first, then changed ones. Nobody else writes these rows, so any order will do."""
        self._insert(list(self._new.values()))
        self._update(list(self._dirty.values()))
        self._new.clear()
        self._dirty.clear()

    def touched(self) -> Iterable[S]:
        """Every state that is known."""
        return [state for state in self._known.values() if state is not None]

    @abstractmethod
    def _key(self, state: S) -> tuple[UUID, K]:
        """The tenant and key of a state."""

    @abstractmethod
    def _select(self, wanted: list[tuple[UUID, K]]) -> Iterable[S]:
        """Send the statement that reads these keys, and return an iterable that waits for its answer only when it is read."""

    @abstractmethod
    def _insert(self, states: list[S]) -> None:
        """Write new states."""

    @abstractmethod
    def _update(self, states: list[S]) -> None:
        """Write changed states."""
