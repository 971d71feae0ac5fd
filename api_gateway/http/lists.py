"""Lists of what an organization keeps: the part that is asked for, and the answer that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from api_gateway.http.answers import shown
from api_gateway.http.call import Call
from api_gateway.http.pages import Page, Query, paged
from store.reads.base import Slice

KEPT_COLUMNS: Final = {"createdAt": "created_at", "updatedAt": "updated_at", "name": "name"}
MOST_WOVEN: Final = 10_000
"""Of each list that is woven into one, no more is read."""
TIMED_COLUMNS: Final = KEPT_COLUMNS | {"openAt": "open_at"}


def part_of(call: Call, columns: Mapping[str, str]) -> tuple[Query, Page, Slice]:
    """The part of a list that a call asks for."""
    query = call.query
    page, sorting = query.page(), query.sorting(columns)
    part = Slice(sorting.column, sorting.descending, page.offset, page.size, sorting.search, sorting.archived)
    return query, page, part


def from_the_start(part: Slice) -> Slice:
    """What has to be read of each of several lists that are woven into one: all up to the end of the part."""
    return replace(part, offset=0, limit=min(part.offset + part.limit, MOST_WOVEN))


def woven(items: Iterable[dict[str, Any]], member: str, part: Slice) -> list[dict[str, Any]]:
    """A part of several lists as one, sorted as each of them is: by a member, nulls last, ids break ties."""

    def by_id(item: dict[str, Any]) -> str:
        return str(item["id"])

    def by_member(item: dict[str, Any]) -> tuple[str, str]:
        return str(item[member]), by_id(item)

    found = list(items)
    dated = sorted((one for one in found if one[member] is not None), key=by_member, reverse=part.descending)
    others = sorted((one for one in found if one[member] is None), key=by_id, reverse=part.descending)
    return [*dated, *others][part.offset : part.offset + part.limit]


def listing(call: Call, query: Query, page: Page, total: int, items: list[Any]) -> Response:
    """The answer that shows a page."""
    body, links = paged(query, page, total, items)
    return shown(call, body, headers=links)
