"""What people do in draws: look, enter, leave."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.auth import CONSUMER as PERSON
from api_gateway.auth import guest_ids, new_guest
from api_gateway.context import Decided
from api_gateway.draw_views import own_state, public_draw
from api_gateway.http.answers import PRIVATE, PUBLIC, respond, shown
from api_gateway.http.asking import asked_as_guest
from api_gateway.http.briefly import Briefly, briefly_of
from api_gateway.http.call import ENTRIES, GUEST_ENTRIES, PEOPLE_READS, PUBLIC_READS, Call, known_id
from api_gateway.http.told import CONSUMER, MAYBE_CONSUMER, PUBLISHABLE, told
from api_gateway.live.orders import Orders, orders_of
from api_gateway.problems import problem
from api_gateway.shapes.draws import DrawState, EnterDrawBody, LeaveDrawBody, PublicDraw
from domain.draw.commands import EnterDraw, LeaveDraw, SignWin
from domain.draw.state import INSIDE, Draw, Entry, Status
from domain.draw.view import entry_facts, fate
from store.reads import draws, entrants

MISSING: Final = "DRAW_NOT_FOUND"
_DUPLICATES: Final = b"drumroll/duplicate/1\x00"
router = APIRouter(tags=["draws"])
Public = Annotated[Call, PUBLIC_READS]
People = Annotated[Call, PEOPLE_READS]
Entering = Annotated[Call, GUEST_ENTRIES]
Leaving = Annotated[Call, ENTRIES]


@router.get("/draws/{draw_id}", summary="Get a draw", **told(MAYBE_CONSUMER, PublicDraw, MISSING))
async def get_draw(draw_id: str, call: Public, request: Request) -> Response:
    """A draw of a published experience: when it opens, closes and is drawn, and whether it can be entered now."""
    draw = await _visible(call, draw_id, briefly_of(request))
    entry = await _entry(call, draw)
    status = "NOT_ENTERED" if entry is None else entry.status.value
    body = public_draw(call, draw, call.gateway.clock.now(), status)
    return shown(call, body, headers={"Cache-Control": PRIVATE if call.caller.kind == PERSON else PUBLIC})


@router.get("/draws/{draw_id}/status", summary="Look where you stand in a draw", **told(CONSUMER, DrawState, MISSING))
async def get_draw_status(draw_id: str, call: People, request: Request) -> Response:
    """Your entry, your win, or what became of it."""
    draw = await _visible(call, draw_id, briefly_of(request))
    return shown(call, await _state(call, draw, orders_of(request)))


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
    draw = await _visible(call, draw_id, briefly_of(request))
    said: dict[str, Any] = {
        "draw_id": draw.id, "quantity": body.quantity, "tickets": body.tickets, "people": body.people,
        "duplicate_key": _keyed(call, draw.id, body.duplicate_key),
    }  # fmt: skip
    if call.caller.kind != PERSON:
        return await _enter_as_guest(call, draw, said)
    caller = call.caller
    command = EnterDraw(
        consumer_id=_person(call), is_guest=caller.is_guest, session_id=caller.session_id, **said
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, secrets: _told(call, draw, facts) | secrets)


@router.post(
    "/draws/{draw_id}/leave", summary="Leave a draw",
    **told(CONSUMER, DrawState, MISSING, body=LeaveDrawBody, command=True),
)  # fmt: skip
async def leave_draw(draw_id: str, call: Leaving, request: Request) -> Response:
    """Take part no more, or give a win back: its places go to the next."""
    call.optional_body(LeaveDrawBody)
    draw = await _visible(call, draw_id, briefly_of(request))
    seen = await _entry(call, draw)
    command = LeaveDraw(
        draw_id=draw.id, consumer_id=_person(call), entry_id=None if seen is None else seen.id,
        session_id=call.caller.session_id,
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, _: _told(call, draw, facts))


async def _enter_as_guest(call: Call, draw: Draw, said: dict[str, Any]) -> Response:
    asked = call.asked = asked_as_guest(call.gateway, call.request, call.caller, draw.id, call.sent)
    ids, tokens = guest_ids(asked.command_id), call.gateway.refresh_tokens
    token = tokens.issue(call.caller.tenant_id, ids.consumer_id, ids.session_id, asked.command_id)
    command = EnterDraw(consumer_id=ids.consumer_id, guest=new_guest(ids.session_id, token), **said)
    answer = await call.ask(command, asked)
    once = {"refreshToken": token}

    def rendered(facts: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        named = ("session", "accessTokenExpiresAt", "refreshTokenTtlSeconds")
        session = {name: facts[name] for name in named if name in facts}
        return _told(call, draw, facts) | session | secrets | once

    return respond(call, answer, rendered, shown_once=once)


async def _state(call: Call, draw: Draw, orders: Orders) -> dict[str, Any]:
    """Where the caller stands: the stored entry, what follows from the order, and a live grant with its token."""
    now, entry = call.gateway.clock.now(), await _entry(call, draw)
    if entry is None:
        absent = {"participationId": None, "consumerId": _person(call), "status": "NOT_ENTERED"}
        return own_state(call, draw, absent, now)
    rank = (await entrants.ranks(call.reader, draw, [entry], orders)).get(entry.id)
    facts = entry_facts(entry) | fate(draw, entry, rank)
    if entry.status is Status.WON:
        facts["admissionGrant"] = await _signed(call, draw, entry)
    return own_state(call, draw, facts, now)


async def _signed(call: Call, draw: Draw, entry: Entry) -> str:
    """The token of a live grant, which a worker signs when its holder looks."""
    assert entry.grant_id is not None  # noqa: S101 (narrows the type; WON entries have one)
    command = SignWin(draw_id=draw.id, entry_id=entry.id, grant_id=entry.grant_id)
    answer = await call.gateway.ask(call.caller, command, call.by_itself())
    token: str = answer.secrets.get("admissionGrant", "") if isinstance(answer, Decided) else ""
    if not token:
        raise problem("DEPENDENCY_UNAVAILABLE", "The grant is being signed; look again.", retry_after=1)
    return token


def _told(call: Call, draw: Draw, facts: dict[str, Any]) -> dict[str, Any]:
    """The state as a worker has just decided it; the session of a new guest is told beside it."""
    session = {"session", "accessTokenExpiresAt", "refreshTokenTtlSeconds"}
    own = {name: value for name, value in facts.items() if name not in session}
    return own_state(call, draw, own, call.gateway.clock.now())


async def _visible(call: Call, draw_id: str, briefly: Briefly) -> Draw:
    """The draw as it was within the last second: it is the same for everybody."""
    own_id, reader = known_id(draw_id, MISSING), call.reader
    found = await briefly.read(("draw", reader.tenant_id, own_id), lambda: draws.one(reader, own_id))
    if found is None or not found[0].published or found[0].archived:
        raise problem(MISSING)
    draw: Draw = found[0]
    return draw


async def _entry(call: Call, draw: Draw) -> Entry | None:
    """The caller's latest participation; a live one comes before all others."""
    if call.caller.consumer_id is None:
        return None
    entries = [entrants.entry_of(row) for row in await entrants.of_consumer(call.reader, draw.id, _person(call))]
    return max(entries, key=lambda entry: (entry.status in INSIDE, entry.number), default=None)


def _keyed(call: Call, draw_id: UUID, told_key: str | None) -> bytes | None:
    """The keyed hash by which entries of one household are known, in base64: nobody can guess from it what was said."""
    if told_key is None:
        return None
    said = _DUPLICATES + draw_id.bytes + told_key.encode()
    return b64encode(hmac.new(call.gateway.secret, said, hashlib.sha256).digest())


def _person(call: Call) -> UUID:
    assert call.caller.consumer_id is not None  # noqa: S101 (narrows the type; only consumers come here)
    return call.caller.consumer_id
