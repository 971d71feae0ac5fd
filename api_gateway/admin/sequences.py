"""Sequences: the access paths into an experience."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.draw_views import draw_read
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, ADMIN_WRITES, Call, known_id
from api_gateway.http.lists import KEPT_COLUMNS, TIMED_COLUMNS, from_the_start, listing, part_of, woven
from api_gateway.http.partial import changes_of
from api_gateway.http.told import ARCHIVED, IF_MATCH, PAGES, SEARCH, SECRET, query, sorted_by, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.draws import KeptDraw
from api_gateway.shapes.experiences import KeptSequence
from api_gateway.shapes.queues import KeptQueue
from api_gateway.views import kept_sequence, queue_read, sequence_read
from domain.experiences.commands import ArchiveSequence, CreateSequence, ExperienceCommand, UpdateSequence
from domain.experiences.config import NewSequence, SequenceConfig
from store.reads import draws, experiences, queues

MISSING: Final = "SEQUENCE_NOT_FOUND"
SequenceChanges = changes_of(SequenceConfig, "SequenceChanges")
Reads = Annotated[Call, ADMIN_READS]
Writes = Annotated[Call, ADMIN_WRITES]
router = APIRouter(tags=["sequences"])
_LIST = (*PAGES, SEARCH, ARCHIVED, *sorted_by(*KEPT_COLUMNS), query("experienceId", "Those of one experience."))
_DISTRIBUTIONS = (*PAGES, SEARCH, ARCHIVED, *sorted_by(*TIMED_COLUMNS))


@router.get(
    "/sequences", summary="List sequences",
    **told(SECRET, Listing[KeptSequence], "INVALID_SORT", "INVALID_FILTER", parameters=_LIST),
)  # fmt: skip
async def list_sequences(call: Reads) -> Response:
    """The sequences of the organization, the newest first."""
    asked, page, part = part_of(call, KEPT_COLUMNS)
    found, total, now = await experiences.sequences(call.reader, part, asked.id("experienceId"))
    return listing(call, asked, page, total, [sequence_read(call, path, own, now) for path, own in found])


@router.post(
    "/sequences", summary="Create a sequence",
    **told(SECRET, KeptSequence, "EXPERIENCE_NOT_FOUND", status=201, body=NewSequence, command=True),
)  # fmt: skip
async def create_sequence(call: Writes) -> Response:
    """One more access path into an experience."""
    body = call.body(NewSequence)
    command = CreateSequence(
        tenant_id=call.caller.tenant_id, experience_id=body.experience_id, config=body.config
    )  # fmt: skip
    return await _asked(call, command)


@router.get("/sequences/{sequence_id}", summary="Get a sequence", **told(SECRET, KeptSequence, MISSING))
async def get_sequence(sequence_id: str, call: Reads) -> Response:
    """One sequence with what it distributes."""
    found = await experiences.sequence(call.reader, known_id(sequence_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return shown(call, sequence_read(call, *found))


@router.get(
    "/sequences/{sequence_id}/distributions", summary="List what a sequence distributes",
    **told(SECRET, Listing[KeptQueue | KeptDraw], MISSING, "INVALID_SORT", "INVALID_FILTER", parameters=_DISTRIBUTIONS),
)  # fmt: skip
async def list_distributions(sequence_id: str, call: Reads) -> Response:
    """The distributions of a sequence, of every kind."""
    asked, page, part = part_of(call, TIMED_COLUMNS)
    path = await experiences.sequence(call.reader, known_id(sequence_id, MISSING))
    if path is None:
        raise problem(MISSING)
    whole = from_the_start(part)
    lines, waiting, now = await queues.some(call.reader, whole, sequence=path[0].id)
    raffles, drawn, _ = await draws.some(call.reader, whole, sequence=path[0].id)
    found = [*(queue_read(call, queue, now) for queue in lines), *(draw_read(call, draw, now) for draw in raffles)]
    return listing(call, asked, page, waiting + drawn, woven(found, asked.text("sortBy") or "createdAt", part))


@router.patch(
    "/sequences/{sequence_id}", summary="Change a sequence",
    **told(SECRET, KeptSequence, MISSING, body=SequenceChanges, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def change_sequence(sequence_id: str, call: Writes) -> Response:
    """Some settings."""
    return await _updated(call, sequence_id, call.changes(SequenceChanges))


@router.put(
    "/sequences/{sequence_id}", summary="Replace a sequence's settings",
    **told(SECRET, KeptSequence, MISSING, body=SequenceConfig, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def replace_sequence(sequence_id: str, call: Writes) -> Response:
    """All settings; what is left out returns to its default."""
    return await _updated(call, sequence_id, call.changes(SequenceConfig), replace=True)


@router.delete(
    "/sequences/{sequence_id}", summary="Archive a sequence",
    **told(SECRET, None, MISSING, status=204, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def archive_sequence(sequence_id: str, call: Writes) -> Response:
    """Take a sequence out of the lists, with its distributions; not while somebody takes part."""
    command = ArchiveSequence(
        tenant_id=call.caller.tenant_id, sequence_id=known_id(sequence_id, MISSING), if_version=call.if_version
    )
    return await _asked(call, command, empty=True)


async def _updated(call: Call, sequence_id: str, changes: dict[str, Any], *, replace: bool = False) -> Response:
    command = UpdateSequence(
        tenant_id=call.caller.tenant_id, sequence_id=known_id(sequence_id, MISSING), changes=changes,
        replace=replace, if_version=call.if_version,
    )  # fmt: skip
    return await _asked(call, command)


async def _asked(call: Call, command: ExperienceCommand, *, empty: bool = False) -> Response:
    answer = await call.ask(command)
    return respond(call, answer, lambda facts, _: kept_sequence(call, facts), place="/sequences", empty=empty)
