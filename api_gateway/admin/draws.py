"""Draws, as the organization runs them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.admin.grant_life import check_grant_life
from api_gateway.draw_views import draw_read, kept_draw
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, ADMIN_WRITES, Call, known_id
from api_gateway.http.lists import TIMED_COLUMNS, listing, part_of
from api_gateway.http.partial import changes_of
from api_gateway.http.told import ARCHIVED, IF_MATCH, PAGES, SEARCH, SECRET, query, sorted_by, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.draws import BeaconBody, KeptDraw, ResumeDrawBody
from api_gateway.shapes.queues import KillBody, PauseBody
from domain.draw.commands import (
    ArchiveDraw,
    CreateDraw,
    DrawCommand,
    GiveBeacon,
    KillDraw,
    PauseDraw,
    ResumeDraw,
    UpdateDraw,
)
from domain.draw.config import DrawConfig, NewDraw
from store.reads import draws

MISSING = "DRAW_NOT_FOUND"
DrawChanges = changes_of(DrawConfig, "DrawChanges")
Reads = Annotated[Call, ADMIN_READS]
Writes = Annotated[Call, ADMIN_WRITES]
router = APIRouter(tags=["draws"])
_LIST = (
    *PAGES, SEARCH, ARCHIVED, *sorted_by(*TIMED_COLUMNS), query("sequenceId", "Those of one sequence."),
    query("experienceId", "Those of one experience."),
)  # fmt: skip


@router.get(
    "/draws",
    summary="List draws",
    **told(SECRET, Listing[KeptDraw], "INVALID_SORT", "INVALID_FILTER", parameters=_LIST),
)
async def list_draws(call: Reads) -> Response:
    """The draws of the organization, the newest first."""
    asked, page, part = part_of(call, TIMED_COLUMNS)
    sequence, experience = asked.id("sequenceId"), asked.id("experienceId")
    found, total, now = await draws.some(call.reader, part, sequence=sequence, experience=experience)
    return listing(call, asked, page, total, [draw_read(call, draw, now) for draw in found])


@router.post(
    "/draws", summary="Create a draw",
    **told(SECRET, KeptDraw, "SEQUENCE_NOT_FOUND", "INVALID_WINDOW", status=201, body=NewDraw, command=True),
)  # fmt: skip
async def create_draw(call: Writes) -> Response:
    """A draw under a sequence. Its seed is committed to from now on."""
    body = call.body(NewDraw)
    check_grant_life(call, body.admission_expiration_seconds)
    asking = call.asking(body.sequence_id)
    config = DrawConfig.model_validate(body.model_dump(exclude={"sequence_id"}))
    command = CreateDraw(draw_id=asking.command_id, sequence_id=body.sequence_id, config=config)
    return _told(call, await call.ask(command, asking))


@router.get("/draws/{draw_id}", summary="Get a draw", **told(SECRET, KeptDraw, MISSING))
async def get_draw(draw_id: str, call: Reads) -> Response:
    """One draw with its counts."""
    found = await draws.one(call.reader, known_id(draw_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return shown(call, draw_read(call, *found))


@router.patch(
    "/draws/{draw_id}", summary="Change a draw",
    **told(SECRET, KeptDraw, MISSING, "INVALID_WINDOW", body=DrawChanges, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def change_draw(draw_id: str, call: Writes) -> Response:
    """Some settings; from the first entry on nothing but the name and the metadata."""
    changes = call.changes(DrawChanges)
    check_grant_life(call, changes.get("admissionExpirationSeconds"))
    own_id = known_id(draw_id, MISSING)
    return await _asked(call, UpdateDraw(draw_id=own_id, changes=changes, if_version=call.if_version))


@router.put(
    "/draws/{draw_id}", summary="Replace a draw's settings",
    **told(SECRET, KeptDraw, MISSING, "INVALID_WINDOW", body=DrawConfig, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def replace_draw(draw_id: str, call: Writes) -> Response:
    """All settings; what is left out returns to its default."""
    own_id = known_id(draw_id, MISSING)
    changes = call.changes(DrawConfig)
    check_grant_life(call, changes.get("admissionExpirationSeconds"))
    return await _asked(call, UpdateDraw(draw_id=own_id, changes=changes, replace=True, if_version=call.if_version))


@router.delete(
    "/draws/{draw_id}", summary="Archive a draw",
    **told(SECRET, None, MISSING, status=204, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def archive_draw(draw_id: str, call: Writes) -> Response:
    """Take a draw out of the lists; not while somebody takes part or holds a grant."""
    command = ArchiveDraw(draw_id=known_id(draw_id, MISSING), if_version=call.if_version)
    return _told(call, await call.ask(command), empty=True)


@router.post(
    "/draws/{draw_id}/pause", summary="Pause a draw", **told(SECRET, KeptDraw, MISSING, body=PauseBody, command=True)
)
async def pause_draw(draw_id: str, call: Writes) -> Response:
    """Hold back the drawing and promotions, entries, or both. Live grants run on."""
    own_id, body = known_id(draw_id, MISSING), call.body(PauseBody)
    return await _asked(call, PauseDraw(draw_id=own_id, **body.model_dump()))


@router.post(
    "/draws/{draw_id}/resume",
    summary="Resume a draw",
    **told(SECRET, KeptDraw, MISSING, body=ResumeDrawBody, command=True),
)
async def resume_draw(draw_id: str, call: Writes) -> Response:
    """Go on after a pause."""
    own_id, body = known_id(draw_id, MISSING), call.body(ResumeDrawBody)
    return await _asked(call, ResumeDraw(draw_id=own_id, **body.model_dump()))


@router.post(
    "/draws/{draw_id}/beacon",
    summary="Give a draw its round of the beacon",
    **told(SECRET, KeptDraw, MISSING, body=BeaconBody, command=True),
)
async def give_beacon(draw_id: str, call: Writes) -> Response:
    """Bring the round that the draw has fixed, by hand. Its signature is checked; a wrong one is told in the log."""
    own_id, body = known_id(draw_id, MISSING), call.body(BeaconBody)
    return await _asked(call, GiveBeacon(draw_id=own_id, **body.model_dump()))


@router.post(
    "/draws/{draw_id}/kill", summary="End a draw", **told(SECRET, KeptDraw, MISSING, body=KillBody, command=True)
)
async def kill_draw(draw_id: str, call: Writes) -> Response:
    """End a draw for good: it is void, and stays visible. A repeat is a new draw that names it as replacesDrawId."""
    own_id, body = known_id(draw_id, MISSING), call.body(KillBody)
    return await _asked(call, KillDraw(draw_id=own_id, **body.model_dump()))


async def _asked(call: Call, command: DrawCommand) -> Response:
    return _told(call, await call.ask(command))


def _told(call: Call, answer: Any, *, empty: bool = False) -> Response:
    return respond(call, answer, lambda facts, _: kept_draw(call, facts), place="/draws", empty=empty)
