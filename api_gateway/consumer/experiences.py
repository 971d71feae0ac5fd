"""Experiences, queues and settings as visitors see them."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from api_gateway.auth import CONSUMER as PERSON
from api_gateway.auth import Caller
from api_gateway.consumer.queues import STREAMED
from api_gateway.context import Gateway
from api_gateway.http.answers import PRIVATE, PUBLIC, respond, shown
from api_gateway.http.briefly import briefly_of
from api_gateway.http.call import ENTRIES, PUBLIC_READS, Call, known_id, reads
from api_gateway.http.presented import publishable_key
from api_gateway.http.raw import RawRequest
from api_gateway.http.told import CONSUMER, MAYBE_CONSUMER, PUBLISHABLE, query, told
from api_gateway.limits import STREAM
from api_gateway.live.launches import Place
from api_gateway.live.looks import looks_of
from api_gateway.problems import problem
from api_gateway.shapes.experiences import EnteredExperience, EnterExperienceBody, LeftExperience, PublicExperience
from api_gateway.shapes.organizations import PublicSettings
from api_gateway.shapes.queues import PublicQueue
from api_gateway.views import public_experience, public_queue
from domain.ids import canonical_id
from domain.people.commands import EnterExperience, LeaveExperience
from domain.queue.state import LIVE
from store.reads import entries, experiences, organizations, queues
from store.reads.experiences import Shown
from store.reads.people import is_inside


async def _watcher(gateway: Gateway, raw: RawRequest) -> Caller:
    """Whoever has a publishable key; a browser's event source can send it in the address alone."""
    named = publishable_key(raw.scope, raw.headers)
    return await gateway.guard.public(raw.headers if named is None else {**raw.headers, b"x-publishable-key": named})


Public = Annotated[Call, PUBLIC_READS]
Entries = Annotated[Call, ENTRIES]
Streamed = Annotated[Call, reads(_watcher, STREAM)]
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
    found = await _public(call, request, experience)
    if found is None:
        raise problem("EXPERIENCE_NOT_FOUND")
    return _shown(call, await _seen(call, found))


@router.post(
    "/experiences/{experience}/enter", summary="Come into an experience",
    **told(CONSUMER, EnteredExperience, "EXPERIENCE_NOT_FOUND", "EXPERIENCE_CLOSED", body=EnterExperienceBody, command=True),
)  # fmt: skip
async def enter_experience(experience: str, call: Entries, request: Request) -> Response:
    """Come in, before or without entering what it distributes; twice is once."""
    call.body(EnterExperienceBody)
    found = await _public(call, request, experience)
    if found is None:
        raise problem("EXPERIENCE_NOT_FOUND")
    answer = await call.ask(EnterExperience(**_visitor(call), experience_id=found.launch.experience.id))
    return respond(call, answer, lambda facts, _: facts | {"experience": public_experience(call, found, inside=True)})


@router.delete(
    "/experiences/{experience}/leave", summary="Go out of an experience",
    **told(CONSUMER, LeftExperience, "EXPERIENCE_NOT_FOUND", command=True),
)  # fmt: skip
async def leave_experience(experience: str, call: Entries) -> Response:
    """Go out; places in its lines are kept."""
    own_id = known_id(experience, "EXPERIENCE_NOT_FOUND")
    answer = await call.ask(LeaveExperience(**_visitor(call), experience_id=own_id))
    return respond(call, answer, lambda facts, _: facts)


@router.get(
    "/experiences/{experience}/events", summary="Hear changes of an experience as they happen",
    **told(PUBLISHABLE, None, "EXPERIENCE_NOT_FOUND", "STREAM_LIMIT_REACHED", media="text/event-stream",
           parameters=(query("publishableKey", "Instead of the header, for browsers.", type="string"),)),
)  # fmt: skip
async def get_events(experience: str, call: Streamed, request: Request) -> Response:
    """Server-Sent Events: `distribution` (where each queue and draw stands, then every change), `clock` (the server's time)."""
    looks = looks_of(request)

    async def find() -> list[Place] | None:
        found = await _public(call, request, experience)
        if found is None:
            return None
        lines: list[Place] = [(looks.lines, queue.id) for queue in found.offer.queues]
        return [*lines, *((looks.urns, draw.id) for draw in found.offer.draws)]

    shown_first = await _public(call, request, experience)
    if shown_first is None:
        raise problem("EXPERIENCE_NOT_FOUND")
    own_id = shown_first.launch.experience.id
    events = await looks.launches.open(call.caller.tenant_id, own_id, find)
    headers = {**call.limits.headers(), "X-Accel-Buffering": "no", "X-Request-Id": str(call.request.id)}
    return StreamingResponse(events, headers=headers | {"Content-Type": STREAMED, "Cache-Control": PRIVATE})


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


def _visitor(call: Call) -> dict[str, UUID]:
    caller = call.caller
    assert caller.consumer_id and caller.session_id  # noqa: S101 (narrows the type; consumers have both)
    return {"consumer_id": caller.consumer_id, "session_id": caller.session_id}


async def _seen(call: Call, found: Shown) -> dict[str, Any]:
    """The experience as this visitor may see it."""
    own_id, person = found.launch.experience.id, call.caller.consumer_id
    return public_experience(call, found, inside=person is not None and await is_inside(call.reader, person, own_id))


async def _participation(call: Call, queue_id: UUID) -> str:
    """Where the person who asks stands in the queue, for the links."""
    if call.caller.consumer_id is None:
        return "NOT_QUEUED"
    rows = await entries.of_consumer(call.reader, queue_id, call.caller.consumer_id)
    status: str = next((row["status"] for row in rows if row["status"] in LIVE), rows[-1]["status"] if rows else "")
    return status or "NOT_QUEUED"


def _shown(call: Call, body: dict[str, Any]) -> Response:
    return shown(call, body, headers={"Cache-Control": PRIVATE if call.caller.kind == PERSON else PUBLIC})


async def _public(call: Call, request: Request, named: str) -> Shown | None:
    """The experience that is named by its id or slug, if the public may see it."""
    wanted, reader = _id_or_slug(named), call.reader
    found: Shown | None = await briefly_of(request).read(
        ("experience", call.caller.tenant_id, wanted), lambda: experiences.one(reader, wanted)
    )
    seen = found is not None and found.launch.experience.published and not found.launch.experience.archived
    return found if seen else None


def _id_or_slug(text: str) -> UUID | str:
    try:
        return canonical_id(text)
    except ValueError:
        return text.replace("\x00", "")
