"""Participations in queues: found by id, by person, by ticket, by what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.queue.state import Entry, Extension, Queue, Status
from store import bulk
from store.repositories import grants
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
_By = Callable[[Entry], Any]


class Entries(Repository[UUID, Entry]):
    """The participations of a drain, by id; persons and tickets lead to them."""

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._persons: dict[tuple[UUID, UUID, UUID], dict[UUID, None]] = {}
        self._asked: set[tuple[UUID, UUID, UUID]] = set()
        self._tickets: dict[tuple[UUID, UUID, int], UUID] = {}
        self._answered: Iterator[Entry] = iter(())
        self._lapses = Counter[tuple[UUID, UUID]]()

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
        put, gone = self._put(queue), {entry.id for entry in without}
        values = (queue.tenant_id, queue.id, [*gone, *(entry.id for entry in put)])
        stored: datetime | None = self._scope.connection.exec_driver_sql(_NEXT_LAPSE, values).scalar()
        left = [entry.expires_at for entry in put if entry.status is Status.GRANTED and entry.id not in gone]
        return min((end for end in (stored, *left) if end is not None), default=None)

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

    def inside(self, queue: Queue, limit: int) -> list[Entry]:
        """Live grants, the earliest to end first."""
        return self._left(queue, _INSIDE, (), limit, _ends, lambda entry: entry.status is Status.GRANTED)

    def given_here(self, queue: Queue, since: datetime) -> list[Entry]:
        """Live grants that this drain has given."""
        live = (one for one in self._put(queue) if one.status is Status.GRANTED)
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
        """Write what changed before what is new: who left and came back in one drain is never inside twice."""
        put = (*self._new.values(), *self._dirty.values())
        self._update(list(self._dirty.values()))
        self._dirty.clear()
        super().flush()
        grants.keep(self._scope.connection, put)

    def _put(self, queue: Queue) -> list[Entry]:
        """The participations of a queue that this drain has made or changed, and not written yet."""
        put = (*self._new.values(), *self._dirty.values())
        return [entry for entry in put if (entry.tenant_id, entry.queue_id) == (queue.tenant_id, queue.id)]

    def _left(
        self,
        queue: Queue,
        statement: str,
        values: tuple[object, ...],
        limit: int,
        by: _By,
        meant: Callable[[Entry], bool],
    ) -> list[Entry]:
        """The first `limit` who are meant, as this drain has left them: what is stored may be of yesterday."""
        put = self._put(queue)
        stored = self._rows(statement, queue.tenant_id, queue.id, *values, limit + len(put))
        left = {entry.id: entry for entry in (*map(self._remember, stored), *put)}
        return sorted(filter(meant, left.values()), key=by)[:limit]

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
