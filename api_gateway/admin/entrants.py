"""Who takes part in a draw, and who wins."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.draw_views import entrant
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, SERVER_ACTIONS, Call, known_id
from api_gateway.http.entering import said_on_entering
from api_gateway.http.lists import listing
from api_gateway.http.pages import Query, followed
from api_gateway.http.told import PAGES, SECRET, query, told
from api_gateway.live.orders import Orders, orders_of
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.draws import EnterPersonBody, Entrant, EntrantHistory, NewEntrant
from domain.draw.commands import EnterDraw
from domain.draw.state import Draw
from domain.people.state import Level
from store.reads import draws, entrants, people
from store.reads.base import Row
from store.reads.histories import history

MISSING: Final = "DRAW_NOT_FOUND"
STATUSES: Final = ("ENTERED", "WON", "COMPLETED", "LEFT", "DENIED")
Reads = Annotated[Call, ADMIN_READS]
Server = Annotated[Call, SERVER_ACTIONS]
router = APIRouter(tags=["draws"])
_LIST = (
    *PAGES, query("after", "A cursor; empty is the start. Stable while people come and go.", type="string"),
    query("status", "Any of these, as stored, separated by commas. WON and COMPLETED are the winners.", type="string"),
    query("sortDir", "Which way, by arrival.", type="string", enum=["asc", "desc"], default="desc"),
)  # fmt: skip


@router.get(
    "/draws/{draw_id}/consumers", summary="List who takes part in a draw",
    **told(SECRET, Listing[Entrant], MISSING, "INVALID_CURSOR", "INVALID_FILTER", parameters=_LIST),
)  # fmt: skip
async def list_entrants(draw_id: str, call: Reads, request: Request) -> Response:
    """The participations of a draw, by arrival: with pages, or with cursors where there are many.

    `status` filters by what is stored: who did not win stays ENTERED there, and is shown as what became of them.
    """
    draw = await _draw(call, draw_id)
    asked = call.query
    statuses = asked.any_of("status", STATUSES)
    if asked.cursor is not None:
        return await _followed(call, orders_of(request), asked, draw)
    page, descending = asked.page(), asked.sorting({"createdAt": "number"}).descending
    window = (page.offset, page.size)
    rows, total = await entrants.page(call.long_reader, draw.id, window, statuses, descending=descending)
    return listing(call, asked, page, total, await _shown(call, orders_of(request), draw, rows))


@router.post(
    "/draws/{draw_id}/enter", summary="Enter a person into a draw",
    **told(
        SECRET, NewEntrant, MISSING, "CONSUMER_NOT_FOUND", "DRAW_NOT_OPEN", "GUEST_NOT_ALLOWED", body=EnterPersonBody,
        command=True,
    ),
)  # fmt: skip
async def enter_person(draw_id: str, call: Server) -> Response:
    """Enter somebody, with the tickets and the duplicate key that the organization gives; otherwise as if they had entered.

    Whoever takes part already keeps the first entry, which is the answer: look at its `tickets`.
    """
    own_id, body = known_id(draw_id, MISSING), call.body(EnterPersonBody)
    if not await draws.exists(call.reader, own_id):
        raise problem(MISSING)
    found = await people.one(call.reader, body.consumer_id)
    if found is None:
        raise problem("CONSUMER_NOT_FOUND")
    command = EnterDraw(
        consumer_id=body.consumer_id, is_guest=found[0].level is Level.GUEST, by_organization=True,
        **said_on_entering(call, own_id, body),
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, secrets: entrant(facts, own_id) | secrets)


@router.get(
    "/draws/{draw_id}/consumers/{consumer_id}", summary="Get one person's participation in a draw",
    **told(SECRET, EntrantHistory, MISSING, "CONSUMER_NOT_IN_DRAW"),
)  # fmt: skip
async def get_entrant(draw_id: str, consumer_id: str, call: Reads, request: Request) -> Response:
    """The latest participation of one person, with everything that happened to it."""
    draw = await _draw(call, draw_id)
    rows = await entrants.of_consumer(call.reader, draw.id, known_id(consumer_id, "CONSUMER_NOT_IN_DRAW"))
    if not rows:
        raise problem("CONSUMER_NOT_IN_DRAW")
    happened = await history(call.reader, entrants.COURSE, draw.id, rows[-1])
    return shown(call, (await _shown(call, orders_of(request), draw, rows[-1:]))[0] | {"history": happened})


async def _followed(call: Call, orders: Orders, asked: Query, draw: Draw) -> Response:
    statuses = asked.any_of("status", STATUSES)
    size, now = asked.page().size, call.gateway.clock.now()
    at = call.cursors.read(asked, asked.cursor or "", now)
    rows = await entrants.after(call.long_reader, draw.id, -1 if at is None else at, size + 1, statuses)
    more, rows = len(rows) > size, rows[:size]
    cursor = call.cursors.make(asked, rows[-1]["number"], now) if more else None
    body, links = followed(asked, size, cursor, await _shown(call, orders, draw, rows))
    return shown(call, body, headers=links)


async def _shown(call: Call, orders: Orders, draw: Draw, rows: list[Row]) -> list[dict[str, Any]]:
    """The rows with their ranks, which are looked up for those that have not won."""
    waiting = [entrants.entry_of(row) for row in rows if row["rank"] is None]
    ranks = await entrants.ranks(call.long_reader, draw, waiting, orders)
    return [entrant(entrants.facts(row, draw, ranks.get(row["id"])), draw.id) for row in rows]


async def _draw(call: Call, draw_id: str) -> Draw:
    found = await draws.one(call.reader, known_id(draw_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return found[0]
