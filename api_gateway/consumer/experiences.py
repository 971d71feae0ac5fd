"""Experiences, queues and settings as visitors see them."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.auth import CONSUMER as PERSON
from api_gateway.http.answers import PRIVATE, PUBLIC, shown
from api_gateway.http.briefly import Briefly
from api_gateway.http.call import PUBLIC_READS, Call, known_id
from api_gateway.http.told import MAYBE_CONSUMER, PUBLISHABLE, told
from api_gateway.problems import problem
from api_gateway.shapes.experiences import PublicExperience
from api_gateway.shapes.organizations import PublicSettings
from api_gateway.shapes.queues import PublicQueue
from api_gateway.views import public_experience, public_queue
from domain.queue.state import LIVE
from store.reads import entries, experiences, organizations, queues

Public = Annotated[Call, PUBLIC_READS]
router = APIRouter(tags=["experiences"])
_SETTINGS: Final = (
    "id", "name", "logoUrl", "theme", "languageCode", "timeZone", "frameAncestors", "allowGuests", "requireFingerprint",
    "botCheckProvider",
)  # fmt: skip


@router.get(
    "/experiences/{experience}", summary="Get an experience",
    **told(MAYBE_CONSUMER, PublicExperience, "EXPERIENCE_NOT_FOUND"),
)  # fmt: skip
async def get_experience(experience: str, call: Public, request: Request) -> Response:
    """A published experience by its id or slug, with its sequences and what they distribute."""
    wanted = _id_or_slug(experience)
    reader, briefly = call.reader, briefly_of(request)
    found = await briefly.read(("experience", call.caller.tenant_id, wanted), lambda: experiences.one(reader, wanted))
    if found is None or not found.launch.experience.published or found.launch.experience.archived:
        raise problem("EXPERIENCE_NOT_FOUND")
    return _shown(call, public_experience(call, found))


@router.get(
    "/queues/{queue_id}", summary="Get a queue", tags=["queues"],
    **told(MAYBE_CONSUMER, PublicQueue, "QUEUE_NOT_FOUND"),
)  # fmt: skip
async def get_queue(queue_id: str, call: Public, request: Request) -> Response:
    """A queue of a published experience: when it opens, and whether it can be entered now."""
    own_id, reader = known_id(queue_id, "QUEUE_NOT_FOUND"), call.reader
    found = await briefly_of(request).read(("queue", call.caller.tenant_id, own_id), lambda: queues.one(reader, own_id))
    if found is None or not found[0].published or found[0].archived:
        raise problem("QUEUE_NOT_FOUND")
    return _shown(call, public_queue(call, found[0], call.gateway.clock.now(), await _participation(call, own_id)))


@router.get(
    "/organizations/{organization_id}/settings", summary="Get what a page may know of the organization",
    tags=["organization"], **told(PUBLISHABLE, PublicSettings, "ORGANIZATION_NOT_FOUND"),
)  # fmt: skip
async def get_settings(organization_id: str, call: Public, request: Request) -> Response:
    """The organization's name, looks and what its pages need."""
    reader = call.reader
    if known_id(organization_id, "ORGANIZATION_NOT_FOUND") != call.caller.organization_id:
        raise problem("ORGANIZATION_NOT_FOUND")
    found = await briefly_of(request).read(
        ("organization", call.caller.tenant_id), lambda: organizations.current(reader)
    )
    if found is None:
        raise problem("ORGANIZATION_NOT_FOUND")
    facts = found.config.model_dump(mode="json", by_alias=True) | {"id": str(found.id)}
    return _shown(call, {name: facts[name] for name in _SETTINGS})


def briefly_of(request: Request) -> Briefly:
    """The reads that everybody shares."""
    briefly: Briefly = request.app.state.briefly
    return briefly


async def _participation(call: Call, queue_id: UUID) -> str:
    """Where the person who asks stands in the queue, for the links."""
    if call.caller.consumer_id is None:
        return "NOT_QUEUED"
    rows = await entries.of_consumer(call.reader, queue_id, call.caller.consumer_id)
    status: str = next((row["status"] for row in rows if row["status"] in LIVE), rows[-1]["status"] if rows else "")
    return status or "NOT_QUEUED"


def _shown(call: Call, body: dict[str, Any]) -> Response:
    return shown(call, body, headers={"Cache-Control": PRIVATE if call.caller.kind == PERSON else PUBLIC})


def _id_or_slug(text: str) -> UUID | str:
    try:
        return UUID(text)
    except ValueError:
        return text.replace("\x00", "")
