"""Who takes part in a queue."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.http.answers import shown
from api_gateway.http.call import ADMIN_READS, Call, known_id
from api_gateway.http.lists import listing
from api_gateway.http.pages import Query, followed
from api_gateway.http.told import PAGES, SECRET, query, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.queues import Participation, ParticipationHistory
from api_gateway.views import participation
from domain.queue.state import Queue
from store.reads import entries, queues
from store.reads.base import Row
from store.reads.histories import history

MISSING: Final = "QUEUE_NOT_FOUND"
STATUSES: Final = ("QUEUED", "GRANTED", "COMPLETED", "LEFT", "DENIED")
Reads = Annotated[Call, ADMIN_READS]
router = APIRouter(tags=["queues"])
_LIST = (
    *PAGES, query("after", "A cursor; empty is the start. Stable while people come and go.", type="string"),
    query("status", "Any of these, separated by commas.", type="string"),
    query("sortDir", "Which way, by arrival.", type="string", enum=["asc", "desc"], default="desc"),
)  # fmt: skip


@router.get(
    "/queues/{queue_id}/consumers", summary="List who takes part",
    **told(SECRET, Listing[Participation], MISSING, "INVALID_CURSOR", "INVALID_FILTER", parameters=_LIST),
)  # fmt: skip
async def list_participations(queue_id: str, call: Annotated[Call, ADMIN_READS]) -> Response:
    """The participations of a queue, by arrival: with pages, or with cursors where it is long."""
    queue = await _queue(call, queue_id)
    asked = call.query
    statuses = asked.any_of("status", STATUSES)
    if asked.cursor is not None:
        return await _followed(call, asked, queue, statuses)
    page, descending = asked.page(), asked.sorting({"createdAt": "ticket"}).descending
    window = (page.offset, page.size)
    rows, total = await entries.page(call.long_reader, queue.id, window, statuses, descending=descending)
    return listing(call, asked, page, total, await _shown(queue, rows))


@router.get(
    "/queues/{queue_id}/consumers/{consumer_id}", summary="Get one person's participation",
    **told(SECRET, ParticipationHistory, MISSING, "CONSUMER_NOT_IN_QUEUE"),
)  # fmt: skip
async def get_participation(queue_id: str, consumer_id: str, call: Reads) -> Response:
    """The latest participation of one person, with everything that happened to it."""
    queue = await _queue(call, queue_id)
    rows = await entries.of_consumer(call.reader, queue.id, known_id(consumer_id, "CONSUMER_NOT_IN_QUEUE"))
    if not rows:
        raise problem("CONSUMER_NOT_IN_QUEUE")
    happened = await history(call.reader, entries.COURSE, queue.id, rows[-1])
    return shown(call, participation(entries.facts(rows[-1], queue.line), queue.id) | {"history": happened})


async def _followed(call: Call, asked: Query, queue: Queue, statuses: tuple[str, ...] | None) -> Response:
    size, now = asked.page().size, call.gateway.clock.now()
    at = call.cursors.read(asked, asked.cursor or "", now)
    rows = await entries.after(call.long_reader, queue.id, -1 if at is None else at, size + 1, statuses)
    more, rows = len(rows) > size, rows[:size]
    cursor = call.cursors.make(asked, rows[-1]["ticket"], now) if more else None
    body, links = followed(asked, size, cursor, await _shown(queue, rows))
    return shown(call, body, headers=links)


async def _shown(queue: Queue, rows: list[Row]) -> list[dict[str, Any]]:
    """The rows with their ranks; the order of a large cohort is no work for the loop that serves everybody."""

    def worked_out() -> list[dict[str, Any]]:
        return [participation(entries.facts(row, queue.line), queue.id) for row in rows]

    return await asyncio.to_thread(worked_out)


async def _queue(call: Call, queue_id: str) -> Queue:
    found = await queues.one(call.reader, known_id(queue_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return found[0]
