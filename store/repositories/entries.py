"""Participations in queues: found by id, by person, by ticket, by what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.queue.state import Entry, Extension, Queue, Status
from store.repositories import grants
from store.repositories.base import Tenancy
from store.repositories.participations import By, Participations
from store.tables.queue import queue_entry

_FIELDS = [field.name for field in fields(Entry)]
_STATUS_AT = _FIELDS.index("status")
COLUMNS = ", ".join(f"e.{name}" for name in _FIELDS if name != "status")
_BY_ID = f"""
SELECT {COLUMNS}, e.status FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
JOIN queue_entry e ON e.tenant_id = w.tenant_id AND e.id = w.id"""  # noqa: S608 (our own names)
_BY_PERSON = f"""
SELECT {COLUMNS}, e.status FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w(tenant_id, queue_id, consumer_id)
JOIN queue_entry e ON e.tenant_id = w.tenant_id AND e.queue_id = w.queue_id AND e.consumer_id = w.consumer_id"""  # noqa: S608 (our own names)
_BY_TICKET = f"""
SELECT {COLUMNS}, e.status FROM unnest(%s::bigint[]) AS w(ticket)
JOIN queue_entry e ON e.tenant_id = %s AND e.queue_id = %s AND e.ticket = w.ticket"""  # noqa: S608 (our own names)
_IN_QUEUE = f"SELECT {COLUMNS}, e.status FROM queue_entry e WHERE e.tenant_id = %s AND e.queue_id = %s AND "  # noqa: S608 (our own names)
_OF_GRANTS = f"""
SELECT {COLUMNS}, e.status
FROM (SELECT tenant_id, id FROM queue_grant WHERE tenant_id = %s AND queue_id = %s AND {{}} LIMIT %s) AS g
JOIN queue_entry e ON e.tenant_id = g.tenant_id AND e.id = g.id"""  # noqa: S608 (our own names)
_LAPSED = _OF_GRANTS.format("expires_at <= %s ORDER BY expires_at, ticket")
_INSIDE = _OF_GRANTS.format("true ORDER BY expires_at, ticket")
_GIVEN = _OF_GRANTS.format("granted_at < %s AND (granted_at, id) > (%s, %s) ORDER BY granted_at, id")
_EARLIEST, _FIRST = datetime.min.replace(tzinfo=UTC), UUID(int=0)
_UNSEEN = _IN_QUEUE + "e.live AND e.status = 'QUEUED' AND e.seen_at <= %s ORDER BY e.seen_at, e.ticket LIMIT %s"
_NEXT_LAPSE = """
SELECT min(expires_at) FROM queue_grant
WHERE tenant_id = %s AND queue_id = %s AND id <> ALL (%s::uuid[])"""


class Entries(Participations[Entry]):
    """The participations of a drain, by id; persons and tickets lead to them."""

    table = queue_entry
    by_id = _BY_ID
    by_person = _BY_PERSON

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._tickets: dict[tuple[UUID, UUID, int], UUID] = {}
        self._lapses = Counter[tuple[UUID, UUID]]()

    def put(self, state: Entry) -> None:
        """Keep a new state, findable by person and by ticket."""
        super().put(state)
        self._tickets[state.tenant_id, state.queue_id, state.ticket] = state.id

    def at_tickets(self, queue: Queue, tickets: list[int]) -> dict[int, Entry]:
        """Whoever holds these tickets now, as this drain has left them."""
        keys = {ticket: (queue.tenant_id, queue.id, ticket) for ticket in tickets}
        stored = [ticket for ticket, key in keys.items() if key not in self._tickets]
        found = (
            [self._remember(entry) for entry in self._rows(_BY_TICKET, stored, queue.tenant_id, queue.id)]
            if stored
            else []
        )
        kept = (self._tickets[key] for key in keys.values() if key in self._tickets)
        found += [entry for entry_id in kept for entry in [self._known[queue.tenant_id, entry_id]] if entry is not None]
        wanted = set(tickets)
        return {entry.ticket: entry for entry in found if entry.ticket in wanted}

    def lapses_left(self, queue: Queue, limit: int) -> int:
        """How many more grants of a queue may lapse in this drain, when `limit` may in all."""
        return limit - self._lapses[queue.tenant_id, queue.id]

    def lapsed(self, queue: Queue, ended_by: datetime, limit: int) -> list[Entry]:
        """Live grants that ended by a moment, the earliest first: at most `limit` of a queue in one drain."""
        found = self._left(
            queue, _LAPSED, (ended_by,), self.lapses_left(queue, limit), _ends,
            lambda entry: entry.status is Status.GRANTED and _ends(entry)[0] <= ended_by,
        )  # fmt: skip
        self._lapses[queue.tenant_id, queue.id] += len(found)
        return found

    def next_lapse(self, queue: Queue, without: Iterable[Entry]) -> datetime | None:
        """When the earliest live grant ends that is none of these."""
        put, gone = self._put_in(queue), {entry.id for entry in without}
        values = (queue.tenant_id, queue.id, [*gone, *(entry.id for entry in put)])
        stored: datetime | None = self._scope.connection.exec_driver_sql(_NEXT_LAPSE, values).scalar()
        left = [entry.expires_at for entry in put if entry.status is Status.GRANTED and entry.id not in gone]
        return min((end for end in (stored, *left) if end is not None), default=None)

    def of_queue(self, queue: Queue, entry_id: UUID) -> Entry | None:
        """A participation, if it is one of this queue."""
        return self.within(queue.id, entry_id)

    def meant(self, queue: Queue, entry_id: UUID | None, consumer_id: UUID | None) -> tuple[Entry, ...]:
        """The participation that is named, or all of the person who is."""
        return self.named(queue.id, entry_id, consumer_id)

    def waiting_of(self, queue: Queue, entry_ids: Iterable[UUID]) -> list[Entry]:
        """Those of these participations that wait in this queue."""
        ids = list(entry_ids)
        for entry_id in ids:
            self.want(entry_id)
        self.load()
        found = (self.of_queue(queue, entry_id) for entry_id in ids)
        return [entry for entry in found if entry is not None and entry.status is Status.QUEUED]

    def inside(self, queue: Queue, limit: int) -> list[Entry]:
        """Live grants, the earliest to end first."""
        return self._left(queue, _INSIDE, (), limit, _ends, lambda entry: entry.status is Status.GRANTED)

    def given_here(self, queue: Queue, since: datetime) -> list[Entry]:
        """Live grants that this drain has given."""
        live = (one for one in self._put_in(queue) if one.status is Status.GRANTED)
        return [one for one in live if one.granted_at is not None and one.granted_at >= since]

    def to_extend(self, queue: Queue, extension: Extension, limit: int) -> list[Entry]:
        """Live grants that an extension is still to reach, the first to be given first."""
        return self._left(queue, _GIVEN, left_of(extension), limit, _given, extension.awaits)

    def unseen(self, queue: Queue, before: datetime, limit: int) -> list[Entry]:
        """People who wait and were not seen since `before`, the longest unseen first; nobody of whom no sign is kept."""
        return self._left(
            queue, _UNSEEN, (before,), limit, _seen,
            lambda entry: entry.status is Status.QUEUED and entry.seen_at is not None and entry.seen_at <= before,
        )  # fmt: skip

    def flush(self) -> None:
        """Write the participations, and beside them their grants."""
        put = (*self._new.values(), *self._dirty.values())
        super().flush()
        grants.keep(self._scope.connection, put)

    def _put_in(self, queue: Queue) -> list[Entry]:
        return self._put(queue.tenant_id, queue.id)

    def _left(
        self,
        queue: Queue,
        statement: str,
        values: tuple[object, ...],
        limit: int,
        by: By,
        meant: Callable[[Entry], bool],
    ) -> list[Entry]:
        """The first `limit` who are meant, as this drain has left them."""
        put = self._put_in(queue)
        stored = self._rows(statement, queue.tenant_id, queue.id, *values, limit + len(put))
        return self._as_left(stored, put, meant, by)[:limit]

    def _state(self, row: Any) -> Entry:
        return _entry(row)

    def _distribution(self, state: Entry) -> UUID:
        return state.queue_id

    def _arrival(self, state: Entry) -> int:
        return state.first_ticket


def left_of(extension: Extension) -> tuple[object, ...]:
    """The grants that an extension is still to reach: given before the first, after the other two."""
    return extension.before, extension.last_at or _EARLIEST, extension.last_id or _FIRST


def _entry(row: Row[Any]) -> Entry:
    values = [*row[:_STATUS_AT], Status(row[-1]), *row[_STATUS_AT:-1]]
    return Entry(*values)


def _ends(entry: Entry) -> tuple[datetime, int]:
    return entry.expires_at or entry.entered_at, entry.ticket


def _given(entry: Entry) -> tuple[datetime, UUID]:
    return entry.granted_at or entry.entered_at, entry.id


def _seen(entry: Entry) -> tuple[datetime, int]:
    return entry.seen_at or entry.entered_at, entry.ticket
