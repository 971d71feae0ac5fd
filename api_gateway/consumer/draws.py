"""What people do in draws: look, enter, leave."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.auth import CONSUMER as PERSON
from api_gateway.auth import guest_ids, new_guest
from api_gateway.consumer.queues import SINCE, STREAMED, TICKET, nobody
from api_gateway.draw_views import own_state, public_draw
from api_gateway.http.answers import PRIVATE, PUBLIC, respond, shown
from api_gateway.http.asking import asked_as_guest
from api_gateway.http.call import ENTRIES, GUEST_ENTRIES, PUBLIC_READS, Call, known_id
from api_gateway.http.entering import said_on_entering
from api_gateway.http.told import CONSUMER, MAYBE_CONSUMER, PUBLISHABLE, told
from api_gateway.live.looks import looks_of
from api_gateway.live.urn import Urn
from api_gateway.live.urns import Urns
from api_gateway.problems import problem
from api_gateway.shapes.draws import DrawState, EnterDrawBody, LeaveDrawBody, PublicDraw
from api_gateway.watching import person
from domain.draw.commands import EnterDraw, LeaveDraw
from domain.draw.journey import NEVER

MISSING: Final = "DRAW_NOT_FOUND"
_SESSION: Final = ("session", "accessTokenExpiresAt", "refreshTokenTtlSeconds")
"""The session of a new guest, which is told beside the state."""
router = APIRouter(tags=["draws"])
Public = Annotated[Call, PUBLIC_READS]
Entering = Annotated[Call, GUEST_ENTRIES]
Leaving = Annotated[Call, ENTRIES]


@router.get("/draws/{draw_id}", summary="Get a draw", **told(MAYBE_CONSUMER, PublicDraw, MISSING))
async def get_draw(draw_id: str, call: Public, request: Request) -> Response:
    """A draw of a published experience: when it opens, closes and is drawn, and whether it can be entered now."""
    urns, consumer_id = looks_of(request).urns, call.caller.consumer_id
    urn = await _visible(call, urns, draw_id)
    status = NEVER if consumer_id is None else urn.facts(await urns.standing(urn, consumer_id))["status"]
    body = public_draw(call, urn.known_draw, call.gateway.clock.now(), status)
    return shown(call, body, headers={"Cache-Control": PRIVATE if call.caller.kind == PERSON else PUBLIC})


@router.get(
    "/draws/{draw_id}/status", summary="Look where you stand in a draw",
    **told(CONSUMER, DrawState, MISSING, parameters=SINCE),
)  # fmt: skip
async def get_draw_status(draw_id: str, call: Public) -> None:
    """Your entry, your win, or what became of it. Answered before the framework sees it, unless the id is none."""
    nobody(MISSING, draw_id, call)


@router.get(
    "/draws/{draw_id}/events", summary="Hear changes of a draw as they happen",
    **told(CONSUMER, None, MISSING, "STREAM_LIMIT_REACHED", "TICKET_INVALID", media=STREAMED, parameters=TICKET),
)  # fmt: skip
async def get_draw_events(draw_id: str, call: Public) -> None:
    """Server-Sent Events: `state` (where you stand, also once it is drawn), `distribution` (the draw itself)."""
    nobody(MISSING, draw_id, call)


@router.post(
    "/draws/{draw_id}/enter", summary="Enter a draw",
    **told(
        [*CONSUMER, *PUBLISHABLE], DrawState, MISSING, "DRAW_NOT_OPEN", "GUEST_NOT_ALLOWED", body=EnterDrawBody,
        command=True,
    ),
)  # fmt: skip
async def enter_draw(draw_id: str, call: Entering, request: Request) -> Response:
    """Take part, as somebody who is known, or with a strong Idempotency-Key as a new guest, whose token set comes along."""
    body = call.optional_body(EnterDrawBody)
    urn = await _visible(call, looks_of(request).urns, draw_id)
    said = said_on_entering(call, urn.own_id, body)
    if call.caller.kind != PERSON:
        return await _enter_as_guest(call, urn, said)
    caller = call.caller
    command = EnterDraw(
        consumer_id=person(caller), is_guest=caller.is_guest, session_id=caller.session_id, **said
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, secrets: _told(call, urn, facts) | secrets)


@router.post(
    "/draws/{draw_id}/leave", summary="Leave a draw",
    **told(CONSUMER, DrawState, MISSING, body=LeaveDrawBody, command=True),
)  # fmt: skip
async def leave_draw(draw_id: str, call: Leaving, request: Request) -> Response:
    """Take part no more, or give a win back: its places go to the next."""
    call.optional_body(LeaveDrawBody)
    urns = looks_of(request).urns
    urn = await _visible(call, urns, draw_id)
    seen = (await urns.stored(urn, person(call.caller))).entry
    command = LeaveDraw(
        draw_id=urn.own_id, consumer_id=person(call.caller), entry_id=None if seen is None else seen.id,
        session_id=call.caller.session_id,
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, _: _told(call, urn, facts))


async def _enter_as_guest(call: Call, urn: Urn, said: dict[str, Any]) -> Response:
    asked = call.asked = asked_as_guest(call.gateway, call.request, call.caller, urn.own_id, call.sent)
    ids, tokens = guest_ids(asked.command_id), call.gateway.refresh_tokens
    token = tokens.issue(call.caller.tenant_id, ids.consumer_id, ids.session_id, asked.command_id)
    command = EnterDraw(consumer_id=ids.consumer_id, guest=new_guest(ids.session_id, token), **said)
    answer = await call.ask(command, asked)
    once = {"refreshToken": token}

    def rendered(facts: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        session = {name: facts[name] for name in _SESSION if name in facts}
        return _told(call, urn, facts) | session | secrets | once

    return respond(call, answer, rendered, shown_once=once)


def _told(call: Call, urn: Urn, facts: dict[str, Any]) -> dict[str, Any]:
    """The state as a worker has just decided it; whoever looks next is read from the store, that knows no less."""
    urn.forget(UUID(facts["consumerId"]))
    if facts["status"] == "DENIED":  # as it follows from a draw that was over when the worker decided
        urn.outdate()
    own = {name: value for name, value in facts.items() if name not in _SESSION}
    return own_state(call.caller.kind, urn.known_draw, own, call.gateway.clock.now())


async def _visible(call: Call, urns: Urns, draw_id: str) -> Urn:
    """The draw as it was within the last second or two: it is the same for everybody."""
    urn = await urns.found(call.caller.tenant_id, known_id(draw_id, MISSING))
    if urn is None or not urn.visible:
        raise problem(MISSING)
    return urn
