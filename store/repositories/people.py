"""Consumers and their sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.people.config import ProfileConfig
from domain.people.state import Consumer, Level, Profile, Session, SessionStatus, Visit
from store.repositories.by_id import ById
from store.tables.people import consumer, consumer_profile, experience_visit, session

_TAKES_PART = """
SELECT EXISTS (SELECT FROM queue q JOIN queue_entry e ON e.tenant_id = q.tenant_id AND e.queue_id = q.id
  WHERE q.tenant_id = %s AND e.consumer_id = %s AND e.status IN ('QUEUED', 'GRANTED'))"""


class Consumers(ById[Consumer]):
    """The people of a drain."""

    table = consumer

    def takes_part(self, consumer_id: UUID) -> bool:
        """Whether a person waits or holds a grant anywhere, by what the workers of the queues have committed."""
        values = (self._scope.tenant_id, consumer_id)
        return bool(self._scope.connection.exec_driver_sql(_TAKES_PART, values).scalar())

    def _state(self, row: Row[Any]) -> Consumer:
        return Consumer(row.tenant_id, row.id, row.created_at, Level(row.level))


class Profiles(ById[Profile]):
    """What the people of a drain say of themselves."""

    table = consumer_profile

    def _state(self, row: Row[Any]) -> Profile:
        told = row._asdict()
        said = {field.alias or name: told.pop(name) for name, field in ProfileConfig.model_fields.items()}
        return Profile(**told, config=ProfileConfig.stored(said))

    def _row(self, state: Profile) -> dict[str, Any]:
        said = state.config.model_dump(mode="json")
        kept = {"version": state.version, "updated_at": state.updated_at, "erased_at": state.erased_at}
        return {"tenant_id": state.tenant_id, "id": state.id} | said | kept


class Visits(ById[Visit]):
    """The people of a drain in experiences."""

    table = experience_visit

    def _state(self, row: Row[Any]) -> Visit:
        return Visit(**row._asdict())


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
