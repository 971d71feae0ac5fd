"""Queues, as the organization runs them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.admin.grant_life import check_grant_life
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, ADMIN_WRITES, Call, known_id
from api_gateway.http.lists import TIMED_COLUMNS, listing, part_of
from api_gateway.http.partial import changes_of
from api_gateway.http.told import ARCHIVED, IF_MATCH, PAGES, SEARCH, SECRET, query, sorted_by, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.queues import KeptQueue, KillBody, PauseBody, ResumeBody
from api_gateway.views import kept_queue, queue_read
from domain.queue.commands import (
    ArchiveQueue,
    CreateQueue,
    KillQueue,
    PauseQueue,
    QueueCommand,
    ResumeQueue,
    UpdateQueue,
)
from domain.queue.config import NewQueue, QueueConfig
from store.reads import queues

MISSING = "QUEUE_NOT_FOUND"
QueueChanges = changes_of(QueueConfig, "QueueChanges")
Reads = Annotated[Call, ADMIN_READS]
Writes = Annotated[Call, ADMIN_WRITES]
router = APIRouter(tags=["queues"])
_LIST = (
    *PAGES, SEARCH, ARCHIVED, *sorted_by(*TIMED_COLUMNS), query("sequenceId", "Those of one sequence."),
    query("experienceId", "Those of one experience."),
)  # fmt: skip


@router.get(
    "/queues",
    summary="List queues",
    **told(SECRET, Listing[KeptQueue], "INVALID_SORT", "INVALID_FILTER", parameters=_LIST),
)
async def list_queues(call: Reads) -> Response:
    """The queues of the organization, the newest first."""
    asked, page, part = part_of(call, TIMED_COLUMNS)
    sequence, experience = asked.id("sequenceId"), asked.id("experienceId")
    found, total, now = await queues.some(call.reader, part, sequence=sequence, experience=experience)
    return listing(call, asked, page, total, [queue_read(call, queue, now) for queue in found])


@router.post(
    "/queues", summary="Create a queue",
    **told(SECRET, KeptQueue, "SEQUENCE_NOT_FOUND", "INVALID_WINDOW", status=201, body=NewQueue, command=True),
)  # fmt: skip
async def create_queue(call: Writes) -> Response:
    """A queue under a sequence. Its order is committed to from now on."""
    body = call.body(NewQueue)
    check_grant_life(call, body.admission_expiration_seconds)
    asking = call.asking(body.sequence_id)
    config = QueueConfig.model_validate(body.model_dump(exclude={"sequence_id"}))
    command = CreateQueue(queue_id=asking.command_id, sequence_id=body.sequence_id, config=config)
    return _told(call, await call.ask(command, asking))


@router.get("/queues/{queue_id}", summary="Get a queue", **told(SECRET, KeptQueue, MISSING))
async def get_queue(queue_id: str, call: Reads) -> Response:
    """One queue with its counts."""
    found = await queues.one(call.reader, known_id(queue_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return shown(call, queue_read(call, *found))


@router.patch(
    "/queues/{queue_id}", summary="Change a queue",
    **told(SECRET, KeptQueue, MISSING, "INVALID_WINDOW", body=QueueChanges, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def change_queue(queue_id: str, call: Writes) -> Response:
    """Some settings; those that people rely on by now are frozen."""
    changes = call.changes(QueueChanges)
    check_grant_life(call, changes.get("admissionExpirationSeconds"))
    own_id = known_id(queue_id, MISSING)
    return await _asked(call, UpdateQueue(queue_id=own_id, changes=changes, if_version=call.if_version))


@router.put(
    "/queues/{queue_id}", summary="Replace a queue's settings",
    **told(SECRET, KeptQueue, MISSING, "INVALID_WINDOW", body=QueueConfig, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def replace_queue(queue_id: str, call: Writes) -> Response:
    """All settings; what is left out returns to its default."""
    own_id = known_id(queue_id, MISSING)
    changes = call.changes(QueueConfig)
    check_grant_life(call, changes.get("admissionExpirationSeconds"))
    return await _asked(call, UpdateQueue(queue_id=own_id, changes=changes, replace=True, if_version=call.if_version))


@router.delete(
    "/queues/{queue_id}", summary="Archive a queue",
    **told(SECRET, None, MISSING, status=204, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def archive_queue(queue_id: str, call: Writes) -> Response:
    """Take a queue out of the lists; not while somebody waits or is inside."""
    command = ArchiveQueue(queue_id=known_id(queue_id, MISSING), if_version=call.if_version)
    return _told(call, await call.ask(command), empty=True)


@router.post(
    "/queues/{queue_id}/pause",
    summary="Pause a queue",
    **told(SECRET, KeptQueue, MISSING, body=PauseBody, command=True),
)
async def pause_queue(queue_id: str, call: Writes) -> Response:
    """Hold back grants, entries, or both. Live grants run on."""
    own_id, body = known_id(queue_id, MISSING), call.body(PauseBody)
    return await _asked(call, PauseQueue(queue_id=own_id, **body.model_dump()))


@router.post(
    "/queues/{queue_id}/resume",
    summary="Resume a queue",
    **told(SECRET, KeptQueue, MISSING, body=ResumeBody, command=True),
)
async def resume_queue(queue_id: str, call: Writes) -> Response:
    """Go on after a pause."""
    own_id, body = known_id(queue_id, MISSING), call.body(ResumeBody)
    return await _asked(call, ResumeQueue(queue_id=own_id, **body.model_dump()))


@router.post(
    "/queues/{queue_id}/kill", summary="End a queue", **told(SECRET, KeptQueue, MISSING, body=KillBody, command=True)
)
async def kill_queue(queue_id: str, call: Writes) -> Response:
    """End a queue for good. Whoever waits is turned away."""
    own_id, body = known_id(queue_id, MISSING), call.body(KillBody)
    return await _asked(call, KillQueue(queue_id=own_id, **body.model_dump()))


async def _asked(call: Call, command: QueueCommand) -> Response:
    return _told(call, await call.ask(command))


def _told(call: Call, answer: Any, *, empty: bool = False) -> Response:
    return respond(call, answer, lambda facts, _: kept_queue(call, facts), place="/queues", empty=empty)
