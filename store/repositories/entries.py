"""Participations in queues: found by id, by person, by ticket, by what is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.queue.state import Entry, Queue, Status
from store import bulk
from store.repositories.base import Repository, Tenancy
from store.tables.queue import queue_entry

_FIELDS = [field.name for field in fields(Entry)]
_STATUS_AT = _FIELDS.index("status")
COLUMNS = ", ".join(f"e.{name}" for name in _FIELDS if name != "status")
_BY_ID = f"""
SELECT {COLUMNS}, e.status FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
JOIN queue_entry e ON e.tenant_id = w.tenant_id AND e.id = w.id"""  # noqa: S608 (our own names)
_BY_PERSON = f"""
SELECT {COLUMNS}, e.status FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w(tenant_id, queue_id, consumer_id)
JOIN queue_entry e ON e.tenant_id = w.tenant_id AND e.queue_id = w.queue_id AND e.consumer_id = w.consumer_id"""  # noqa: S608
_BY_TICKET = f"""
SELECT {COLUMNS}, e.status FROM unnest(%s::bigint[]) AS w(ticket)
JOIN queue_entry e ON e.tenant_id = %s AND e.queue_id = %s AND e.ticket = w.ticket"""  # noqa: S608
_IN_QUEUE = f"SELECT {COLUMNS}, e.status FROM queue_entry e WHERE e.tenant_id = %s AND e.queue_id = %s AND "  # noqa: S608
_LAPSED = _IN_QUEUE + "e.status = 'GRANTED' AND e.expires_at <= %s ORDER BY e.expires_at LIMIT %s"
_WITH = _IN_QUEUE + "e.status = %s ORDER BY e.ticket LIMIT %s"
_UNSEEN = _IN_QUEUE + "e.status = 'QUEUED' AND e.seen_at <= %s ORDER BY e.seen_at LIMIT %s"
_NEXT_LAPSE = """
SELECT min(expires_at) FROM queue_entry
WHERE tenant_id = %s AND queue_id = %s AND status = 'GRANTED' AND expires_at > %s"""


class Entries(Repository[UUID, Entry]):
    """The participations of a drain, by id; persons and tickets lead to them."""

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._persons: dict[tuple[UUID, UUID, UUID], dict[UUID, None]] = {}
        self._asked: set[tuple[UUID, UUID, UUID]] = set()
        self._tickets: dict[tuple[UUID, int], UUID] = {}
        self._answered: Iterator[Entry] = iter(())

    def want_person(self, queue_id: UUID, consumer_id: UUID) -> None:
        """All participations of this person in this queue will be asked for."""
        person = (self._scope.tenant_id, queue_id, consumer_id)
        if person not in self._persons:
            self._asked.add(person)

    def ask(self) -> None:
        """Send for what is wanted, by id and by person."""
        super().ask()
        if self._asked:
            asked, self._asked = list(self._asked), set()
            self._persons.update({person: {} for person in asked})
            self._answered = self._rows(_BY_PERSON, *map(list, zip(*asked, strict=True)))

    def take(self) -> None:
        """Take the answers."""
        super().take()
        answered, self._answered = self._answered, iter(())
        for entry in answered:
            self._remember(entry)

    def mine(self, queue_id: UUID, consumer_id: UUID) -> tuple[Entry, ...]:
        """Every participation of a person in a queue, the first first."""
        person = (self._scope.tenant_id, queue_id, consumer_id)
        if person not in self._persons:
            self._asked.add(person)
            self.load()
        found = (self._known[self._scope.tenant_id, entry_id] for entry_id in self._persons[person])
        return tuple(sorted((entry for entry in found if entry is not None), key=lambda entry: entry.first_ticket))

    def put(self, state: Entry) -> None:
        """Keep a new state, findable by person and by ticket."""
        super().put(state)
        self._file(state)
        self._tickets[state.queue_id, state.ticket] = state.id

    def at_tickets(self, queue: Queue, tickets: list[int]) -> dict[int, Entry]:
        """Whoever holds these tickets now, as this drain has left them."""
        stored = [ticket for ticket in tickets if (queue.id, ticket) not in self._tickets]
        found = (
            [self._remember(entry) for entry in self._rows(_BY_TICKET, stored, queue.tenant_id, queue.id)]
            if stored
            else []
        )
        kept = (self._tickets[queue.id, ticket] for ticket in tickets if (queue.id, ticket) in self._tickets)
        found += [entry for entry_id in kept for entry in [self._known[queue.tenant_id, entry_id]] if entry is not None]
        wanted = set(tickets)
        return {entry.ticket: entry for entry in found if entry.ticket in wanted}

    def lapsed(self, queue: Queue, now: datetime, limit: int) -> list[Entry]:
        """Live grants whose time and grace are over, the earliest first."""
        before = now - timedelta(seconds=queue.config.completion_grace_seconds)
        stored = self._rows(_LAPSED, queue.tenant_id, queue.id, before, limit)
        return [entry for entry in map(self._remember, stored) if entry.status is Status.GRANTED]

    def next_lapse(self, queue: Queue, after: datetime) -> datetime | None:
        """When the earliest live grant that ends later than `after` ends: at the latest then is the next to lapse."""
        found: datetime | None = self._scope.connection.exec_driver_sql(
            _NEXT_LAPSE, (queue.tenant_id, queue.id, after)
        ).scalar()
        return found

    def of_queue(self, queue: Queue, entry_id: UUID) -> Entry | None:
        """A participation, if it is one of this queue."""
        entry = self.get(entry_id)
        return entry if entry is not None and entry.queue_id == queue.id else None

    def meant(self, queue: Queue, entry_id: UUID | None, consumer_id: UUID | None) -> tuple[Entry, ...]:
        """The participation that is named, or all of the person who is."""
        if entry_id is not None:
            entry = self.of_queue(queue, entry_id)
            return () if entry is None else (entry,)
        return () if consumer_id is None else self.mine(queue.id, consumer_id)

    def waiting_of(self, queue: Queue, entry_ids: Iterable[UUID]) -> list[Entry]:
        """Those of these participations that wait in this queue."""
        ids = list(entry_ids)
        for entry_id in ids:
            self.want(entry_id)
        self.load()
        found = (self.of_queue(queue, entry_id) for entry_id in ids)
        return [entry for entry in found if entry is not None and entry.status is Status.QUEUED]

    def with_status(self, queue: Queue, status: Status, limit: int) -> list[Entry]:
        """Some participations with a status, in order of tickets."""
        stored = self._rows(_WITH, queue.tenant_id, queue.id, status.value, limit)
        return [entry for entry in map(self._remember, stored) if entry.status is status]

    def unseen(self, queue: Queue, before: datetime, limit: int) -> list[Entry]:
        """People who wait and were not seen since `before`."""
        stored = self._rows(_UNSEEN, queue.tenant_id, queue.id, before, limit)
        seen = (entry for entry in map(self._remember, stored) if entry.status is Status.QUEUED)
        return [entry for entry in seen if entry.seen_at is None or entry.seen_at <= before]

    def _remember(self, stored: Entry) -> Entry:
        entry = self._known.setdefault((stored.tenant_id, stored.id), stored) or stored
        self._file(entry)
        return entry

    def _file(self, entry: Entry) -> None:
        person = (entry.tenant_id, entry.queue_id, entry.consumer_id)
        if person in self._persons:
            self._persons[person][entry.id] = None

    def _rows(self, statement: str, *values: object) -> Iterator[Entry]:
        answer = self._scope.connection.exec_driver_sql(statement, values)
        return (_entry(row) for row in answer)

    def _key(self, state: Entry) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[Entry]:
        tenants, ids = zip(*wanted, strict=True)
        return self._rows(_BY_ID, list(tenants), list(ids))

    def _insert(self, states: list[Entry]) -> None:
        bulk.insert(self._scope.connection, queue_entry, states)

    def _update(self, states: list[Entry]) -> None:
        bulk.update(self._scope.connection, queue_entry, states)


def _entry(row: Row[Any]) -> Entry:
    values = [*row[:_STATUS_AT], Status(row[-1]), *row[_STATUS_AT:-1]]
    return Entry(*values)
