"""Consumers and their sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.people.state import Consumer, Level, Session, SessionStatus
from store.repositories.by_id import ById
from store.tables.people import consumer, session


class Consumers(ById[Consumer]):
    """The people of a drain."""

    table = consumer

    def _state(self, row: Row[Any]) -> Consumer:
        return Consumer(row.tenant_id, row.id, row.created_at, Level(row.level))


class Sessions(ById[Session]):
    """The sessions of a drain, by their own id; a person leads to all of theirs."""

    table = session

    def of_consumer(self, consumer_id: UUID) -> tuple[Session, ...]:
        """Every session of a person, the first first."""
        tenant = self._scope.tenant_id
        self._where("tenant_id = %s AND consumer_id = %s", tenant, consumer_id)
        mine = (one for one in self.touched() if one.tenant_id == tenant and one.consumer_id == consumer_id)
        return tuple(sorted(mine, key=lambda one: (one.created_at, one.id)))

    def _state(self, row: Row[Any]) -> Session:
        return Session(**row._asdict() | {"status": SessionStatus(row.status)})
