"""Lists: pages and cursors, their bounds, their envelope and their links (RFC 8288)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson

from api_gateway.http.raw import RawRequest
from api_gateway.problems import Problem, problem
from domain.ids import canonical_id, unix_ms

DEFAULT_SIZE, LARGEST_SIZE = 25, 1000
CURSOR_LIFE: Final = timedelta(hours=24)
_SHORTEST_SEARCH = 2
_MAC = 16
_NOT_FILTERS: Final = frozenset({"page", "per_page", "after"})


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for: its number from 1, and how many on it."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many come before it."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Sorting:
    """How a list is asked for: by which column, which way, with which text in its names, put away or not."""

    column: str
    descending: bool
    search: str | None
    archived: bool


class Query:
    """The query parameters of a list. Problem 400 for one that makes no sense; unknown ones are ignored."""

    def __init__(self, request: RawRequest) -> None:
        self._path, self._sent = request.path, {name: values[-1] for name, values in request.query.items()}
        self.cursor = self._sent.get("after")

    def id(self, name: str) -> UUID | None:
        """An id to filter by, None where none is named; what is no uuid is nobody's."""
        text = self.text(name)
        try:
            return None if text is None else canonical_id(text)
        except ValueError:
            return UUID(int=0)

    def text(self, name: str) -> str | None:
        """A parameter as it was sent."""
        value = self._sent.get(name)
        if value is not None and "\x00" in value:
            raise _invalid(name, "PATTERN", "A parameter must not contain a NUL character.", "INVALID_FILTER")
        return value

    def flag(self, name: str) -> bool:
        """A parameter that is true or false."""
        value = (self.text(name) or "false").lower()
        if value not in {"true", "false"}:
            raise _invalid(name, "WRONG_TYPE", f"{name} is true or false.", "INVALID_FILTER")
        return value == "true"

    def any_of(self, name: str, known: Sequence[str]) -> tuple[str, ...] | None:
        """A filter of one or more known values, separated by commas; None when it is not given."""
        sent = self.text(name)
        if sent is None:
            return None
        wanted = tuple(sent.split(","))
        if not set(wanted) <= set(known):
            raise _invalid(name, "NOT_IN_ENUM", f"{name} is any of {', '.join(known)}.", "INVALID_FILTER")
        return wanted

    def page(self) -> Page:
        """Page 1 of 25 unless asked otherwise; a size beyond 1 to 1000 is brought to the nearest of them."""
        number, size = self._number("page", 1), self._number("per_page", DEFAULT_SIZE)
        if number < 1:
            raise _invalid("page", "OUT_OF_RANGE", "Pages begin at 1.", "INVALID_REQUEST")
        return Page(number, min(max(size, 1), LARGEST_SIZE))

    def sorting(self, columns: Mapping[str, str]) -> Sorting:
        """The order and filter common to all lists. `columns` are the sortable members and their columns."""
        by, way = self.text("sortBy") or "createdAt", (self.text("sortDir") or "desc").lower()
        if by not in columns:
            raise _invalid("sortBy", "NOT_IN_ENUM", f"Sort by one of {', '.join(columns)}.", "INVALID_SORT")
        if way not in {"asc", "desc"}:
            raise _invalid("sortDir", "NOT_IN_ENUM", "sortDir is asc or desc.", "INVALID_SORT")
        search = self.text("search")
        if search is not None and len(search) < _SHORTEST_SEARCH:
            raise _invalid("search", "TOO_SHORT", "A search has at least 2 characters.", "INVALID_FILTER")
        return Sorting(columns[by], way == "desc", search, self.flag("archived"))

    def target(self, **changes: object) -> str:
        """The URI of another part of the same list: every other parameter stays."""
        kept = {name: value for name, value in self._sent.items() if name not in _NOT_FILTERS}
        return f"{self._path}?{urlencode(kept | changes)}"

    @property
    def filters(self) -> str:
        """What a cursor is bound to: the list and everything that selects from it."""
        kept = sorted((name, value) for name, value in self._sent.items() if name not in _NOT_FILTERS)
        return f"{self._path}?{urlencode(kept)}"

    def _number(self, name: str, default: int) -> int:
        sent = self.text(name)
        if sent is None:
            return default
        digits = sent.removeprefix("-")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            raise _invalid(name, "WRONG_TYPE", f"{name} is a whole number.", "INVALID_REQUEST")
        return int(sent)


def paged(query: Query, page: Page, total: int, items: list[Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The envelope of a page and its Link header. Beyond the last page: no items, `prev` is the last one."""
    pages = -(-total // page.size)
    last = max(pages, 1)
    numbers = {
        "first": 1,
        "prev": min(page.number - 1, last) or None,
        "next": page.number + 1 if page.number < pages else None,
        "last": last,
    }
    to = {rel: query.target(page=at, per_page=page.size) for rel, at in numbers.items() if at is not None}
    links = ", ".join(f'<{target}>; rel="{rel}"' for rel, target in to.items())
    pagination = {"next": to.get("next"), "prev": to.get("prev"), "pages": pages, "total": total}
    return {"data": items, "pagination": pagination}, {"Link": links}


def followed(query: Query, size: int, cursor: str | None, items: list[Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The envelope of a part that was reached by a cursor; `cursor` leads on, None ends the list."""
    target = None if cursor is None else query.target(after=cursor, per_page=size)
    links = {} if target is None else {"Link": f'<{target}>; rel="next"'}
    return {"data": items, "pagination": {"next": target, "prev": None, "pages": None, "total": None}}, links


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads cursors: opaque, bound to their list and filter, good for a day."""

    secret: bytes

    def make(self, query: Query, at: int, now: datetime) -> str:
        """The cursor behind position `at`."""
        named = orjson.dumps([at, unix_ms(now)])
        return base64.urlsafe_b64encode(self._mac(query, named) + named).rstrip(b"=").decode()

    def read(self, query: Query, cursor: str, now: datetime) -> int | None:
        """The position of a cursor; None for the empty one, which is the start. Problem 400 unless it is ours."""
        if not cursor:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, named = raw[:_MAC], raw[_MAC:]
            at, made = orjson.loads(named) if hmac.compare_digest(mac, self._mac(query, named)) else (None, 0)
        except ValueError:
            at, made = None, 0
        if at is None or unix_ms(now) - made > CURSOR_LIFE.total_seconds() * 1000:
            raise problem("INVALID_CURSOR", "This cursor is not one of this list, or is older than a day.")
        return int(at)

    def _mac(self, query: Query, named: bytes) -> bytes:
        message = b"drumroll/cursor/1\x00" + query.filters.encode() + b"\x00" + named
        return hmac.digest(self.secret, message, hashlib.sha256)[:_MAC]


def _invalid(name: str, code: str, message: str, wrong: str) -> Problem:
    return problem(wrong, message, errors=({"path": f"query:{name}", "code": code, "message": message},))
