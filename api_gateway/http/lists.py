"""Lists of what an organization keeps: the part that is asked for, and the answer that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from api_gateway.http.answers import shown
from api_gateway.http.call import Call
from api_gateway.http.pages import Page, Query, paged
from store.reads.base import Slice

KEPT_COLUMNS: Final = {"createdAt": "created_at", "updatedAt": "updated_at", "name": "name"}
TIMED_COLUMNS: Final = KEPT_COLUMNS | {"openAt": "open_at"}


def part_of(call: Call, columns: Mapping[str, str]) -> tuple[Query, Page, Slice]:
    """The part of a list that a call asks for."""
    query = call.query
    page, sorting = query.page(), query.sorting(columns)
    part = Slice(sorting.column, sorting.descending, page.offset, page.size, sorting.search, sorting.archived)
    return query, page, part


def listing(call: Call, query: Query, page: Page, total: int, items: list[Any]) -> Response:
    """The answer that shows a page."""
    body, links = paged(query, page, total, items)
    return shown(call, body, headers=links)
