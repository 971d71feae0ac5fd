"""Participations in draws: found by id, by person, by number, by what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from domain.draw.state import Draw, Entry, Status
from domain.fairness.draws import first_that_fits
from store.repositories.base import Tenancy
from store.repositories.participations import Participations
from store.tables.draw import draw_entry

_FIELDS = [field.name for field in fields(Entry)]
_COLUMNS = ", ".join(f"e.{name}" for name in _FIELDS)
_STATUS_AT, _KEY_AT = _FIELDS.index("status"), _FIELDS.index("duplicate_key")
_PREFERENCES_AT = _FIELDS.index("preferences")
_BY_ID = f"""
SELECT {_COLUMNS} FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id)
JOIN draw_entry e ON e.tenant_id = w.tenant_id AND e.id = w.id"""  # noqa: S608 (our own names)
_BY_PERSON = f"""
SELECT {_COLUMNS} FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w(tenant_id, draw_id, consumer_id)
JOIN draw_entry e ON e.tenant_id = w.tenant_id AND e.draw_id = w.draw_id AND e.consumer_id = w.consumer_id"""  # noqa: S608 (our own names)
_BY_NUMBER = f"""
SELECT {_COLUMNS} FROM unnest(%s::bigint[]) WITH ORDINALITY AS w(number, nth)
JOIN draw_entry e ON e.tenant_id = %s AND e.draw_id = %s AND e.number = w.number"""  # noqa: S608 (our own names)
_WANTING = (
    _BY_NUMBER
    + """
WHERE (e.status = 'ENTERED' AND e.behind IS NULL AND e.preferences[%s] = ANY (%s::text[]))
   OR (%s AND e.duplicate_key IS NOT NULL AND NOT e.absent)
ORDER BY w.nth LIMIT %s"""
)
_IN_DRAW = f"SELECT {_COLUMNS} FROM draw_entry e WHERE e.tenant_id = %s AND e.draw_id = %s AND "  # noqa: S608 (our own names)
_LAPSED = _IN_DRAW + "e.status = 'WON' AND e.expires_at <= %s ORDER BY e.expires_at, e.number LIMIT %s"
_INSIDE = _IN_DRAW + "e.status = 'WON' ORDER BY e.expires_at, e.number LIMIT %s"
_BEHIND = (
    _IN_DRAW
    + """e.behind IS NOT NULL AND e.status = 'ENTERED' AND EXISTS (
  SELECT FROM unnest(%s::text[], %s::bigint[]) AS lot(prize, free)
  WHERE lot.free >= e.people AND lot.prize = ANY (coalesce(e.preferences, '{""}')))
ORDER BY e.behind LIMIT %s"""
)
_NEXT_LAPSE = """
SELECT min(expires_at) FROM draw_entry
WHERE tenant_id = %s AND draw_id = %s AND status = 'WON' AND id <> ALL (%s::uuid[])"""
_TICKETS = """
SELECT array_agg(tickets ORDER BY number) FROM draw_entry
WHERE tenant_id = %s AND draw_id = %s AND number >= %s AND number < %s"""


class DrawEntries(Participations[Entry]):
    """The participations of a drain, by id; persons and numbers lead to them."""

    table = draw_entry
    by_id = _BY_ID
    by_person = _BY_PERSON

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._lapses = Counter[tuple[UUID, UUID]]()

    def at_numbers(self, draw: Draw, numbers: Sequence[int]) -> dict[int, Entry]:
        """The entries with these numbers, as this drain has left them."""
        if not numbers:
            return {}
        found = self._rows(_BY_NUMBER, list(numbers), draw.tenant_id, draw.id)
        return {entry.number: entry for entry in map(self._remember, found)}

    def wanting(
        self, draw: Draw, numbers: Sequence[int], prizes: Sequence[str], round_: int, limit: int
    ) -> list[Entry]:
        """Of these entries, in the order of `numbers`, those who may win one of these prizes by their preference of a round.

        The first round also has whoever has a duplicate key, for it to be known which counts. As this drain has left them.
        """
        if not numbers:
            return []
        values = (list(numbers), draw.tenant_id, draw.id, round_ + 1, list(prizes), round_ == 0, limit)
        return [self._remember(entry) for entry in self._rows(_WANTING, *values)]

    def tickets(self, draw: Draw, start: int, end: int) -> list[int]:
        """The tickets of each of these entries, in order of numbers."""
        values = (draw.tenant_id, draw.id, start, end)
        found: list[int] | None = self._scope.connection.exec_driver_sql(_TICKETS, values).scalar()
        return found or []

    def lapses_left(self, draw: Draw, limit: int) -> int:
        """How many more wins of a draw may lapse in this drain, when `limit` may in all."""
        return limit - self._lapses[draw.tenant_id, draw.id]

    def lapsed(self, draw: Draw, ended_by: datetime, limit: int) -> list[Entry]:
        """Live grants that ended by a moment, the earliest first: at most `limit` of a draw in one drain."""
        most = self.lapses_left(draw, limit)
        found = self._left(draw, _LAPSED, (ended_by,), most, lambda entry: _won(entry) and _ends(entry)[0] <= ended_by)
        self._lapses[draw.tenant_id, draw.id] += len(found)
        return found

    def next_lapse(self, draw: Draw, without: Iterable[Entry]) -> datetime | None:
        """When the earliest live grant ends that is none of these."""
        put, gone = self._put(draw.tenant_id, draw.id), {entry.id for entry in without}
        values = (draw.tenant_id, draw.id, [*gone, *(entry.id for entry in put)])
        stored: datetime | None = self._scope.connection.exec_driver_sql(_NEXT_LAPSE, values).scalar()
        left = [entry.expires_at for entry in put if _won(entry) and entry.id not in gone]
        return min((end for end in (stored, *left) if end is not None), default=None)

    def inside(self, draw: Draw, limit: int) -> list[Entry]:
        """Live grants, the earliest to end first."""
        return self._left(draw, _INSIDE, (), limit, _won)

    def waiting_behind(self, draw: Draw, limit: int) -> list[Entry]:
        """Those behind the order who would fit into the free places, in the order in which their wins lapsed."""
        put, lots = self._put(draw.tenant_id, draw.id), draw.lots
        free = [lot.free for lot in lots.values()]
        stored = self._rows(_BEHIND, draw.tenant_id, draw.id, list(lots), free, limit + len(put))

        def fits(entry: Entry) -> bool:
            return _is_behind(entry) and first_that_fits(entry.wishes, entry.people, lots) is not None

        return self._as_left(stored, put, fits, _behind)[:limit]

    def _left(
        self, draw: Draw, statement: str, values: tuple[object, ...], limit: int, meant: Callable[[Entry], bool]
    ) -> list[Entry]:
        put = self._put(draw.tenant_id, draw.id)
        stored = self._rows(statement, draw.tenant_id, draw.id, *values, limit + len(put))
        return self._as_left(stored, put, meant, _ends)[:limit]

    def _state(self, row: Row[Any]) -> Entry:
        values = list(row)
        values[_STATUS_AT] = Status(values[_STATUS_AT])
        values[_KEY_AT] = None if values[_KEY_AT] is None else bytes(values[_KEY_AT])
        values[_PREFERENCES_AT] = values[_PREFERENCES_AT] and tuple(values[_PREFERENCES_AT])
        return Entry(*values)

    def _distribution(self, state: Entry) -> UUID:
        return state.draw_id

    def _arrival(self, state: Entry) -> int:
        return state.number


def _won(entry: Entry) -> bool:
    return entry.status is Status.WON


def _is_behind(entry: Entry) -> bool:
    return entry.status is Status.ENTERED and entry.behind is not None


def _behind(entry: Entry) -> int:
    return entry.behind or 0


def _ends(entry: Entry) -> tuple[datetime, int]:
    return entry.expires_at or entry.entered_at, entry.number
