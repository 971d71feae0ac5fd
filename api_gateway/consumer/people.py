"""Who a person is, and what they take part in, all of it at once."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.http.answers import as_operation, respond, shown
from api_gateway.http.call import CONSUMER_WRITES, Call, reads
from api_gateway.http.partial import changes_of
from api_gateway.http.prefer import preference, since_version
from api_gateway.http.told import CONSUMER, header, query, told
from api_gateway.limits import STATUS
from api_gateway.links import link
from api_gateway.live.journeys import Look, in_line, in_urn, projection, version_of
from api_gateway.live.looks import Looks, looks_of
from api_gateway.shapes.common import Operation
from api_gateway.shapes.journeys import Projection
from api_gateway.shapes.people import Consumer
from api_gateway.views import own_consumer
from domain.ids import canonical_id
from domain.people.commands import EraseConsumer, UpdateProfile
from domain.people.config import ProfileConfig
from store.reads import journeys
from store.reads.journeys import Stop, Way

People = Annotated[Call, reads(lambda gateway, raw: gateway.guard.consumer(raw.headers), STATUS)]
Writers = Annotated[Call, CONSUMER_WRITES]
ProfileChanges = changes_of(ProfileConfig, "ProfileChanges")
router = APIRouter(tags=["people"])
_LOOK_SECONDS: Final = 1.0
_ASKED: Final = (
    query("experienceId", "One experience alone, entered or not.", type="string"),
    query("sinceVersion", "With Prefer: wait=N, answer when stateVersion exceeds this.", type="integer", minimum=0),
    header("Prefer", "wait=N seconds (0 to 30) for news."),
)


@router.get("/consumers/me", summary="See everything you take part in", **told(CONSUMER, Projection, parameters=_ASKED))
async def get_me(call: People, request: Request) -> Response:
    """Who you are, what you take part in now, and how far you are in each experience that you ever entered."""
    looks, experience_id = looks_of(request), _experience(call)
    way, found = await _looked(call, looks, experience_id)
    since, clock = _since(call), call.gateway.clock
    until = clock.monotonic() + preference(call.request.headers).wait
    while since is not None and version_of(way, found) <= since and clock.monotonic() < until:
        await _news(found, min(_LOOK_SECONDS, until - clock.monotonic()))
        way, found = await _looked(call, looks, experience_id)
    held = preference(call.request.headers).held if since is not None else ""
    person = {
        "id": str(call.caller.consumer_id), "level": way.level, "emailVerified": False, "phoneVerified": False,
        "fullName": way.full_name, "languageCode": way.language_code,
    }  # fmt: skip
    place = f"{call.base}/consumers/me"
    own = {"_links": {"self": link(place, "GET", "This object.")}}
    headers = {"Preference-Applied": held} if held else {}
    return shown(call, projection(person, way, found, clock.now()) | own, headers=headers)


@router.patch("/consumers/me", summary="Say who you are", **told(CONSUMER, Consumer, body=ProfileChanges, command=True))
async def change_me(call: Writers) -> Response:
    """Some of what you say of yourself; null takes it back."""
    changes, caller = call.changes(ProfileChanges), call.caller
    assert caller.consumer_id and caller.session_id  # noqa: S101 (narrows the type; consumers have both)
    command = UpdateProfile(consumer_id=caller.consumer_id, session_id=caller.session_id, changes=changes)
    return respond(call, await call.ask(command), lambda facts, _: own_consumer(call, facts))


@router.delete(
    "/consumers/me", summary="Be forgotten",
    **told(CONSUMER, Operation, "HAS_LIVE_PARTICIPANTS", status=202, command=True),
)  # fmt: skip
async def erase_me(call: Writers) -> Response:
    """Forget what you said of yourself and end all your sessions, at once; not while you wait or hold a grant."""
    caller = call.caller
    assert caller.consumer_id and caller.session_id  # noqa: S101 (narrows the type; consumers have both)
    command = EraseConsumer(consumer_id=caller.consumer_id, session_id=caller.session_id)
    return as_operation(call, await call.ask(command))


async def _looked(call: Call, looks: Looks, experience_id: UUID | None) -> tuple[Way, list[Look]]:
    """Who the person is, and where they stand in each queue and draw on their way."""
    assert call.caller.consumer_id is not None  # noqa: S101 (narrows the type; only consumers come here)
    way = await journeys.of_person(call.reader, call.caller.consumer_id, experience_id)
    found = await asyncio.gather(*(_LOOKS[stop.kind](call, looks, stop) for stop in way.stops))
    return way, [look for look in found if look is not None]


async def _at_line(call: Call, looks: Looks, stop: Stop) -> Look | None:
    line = await looks.lines.found(call.caller.tenant_id, stop.own_id)
    if line is None or not line.visible:
        return None
    return in_line(stop, line, await looks.standing(call.caller, line), call.gateway.clock.now())


async def _at_urn(call: Call, looks: Looks, stop: Stop) -> Look | None:
    urn = await looks.urns.found(call.caller.tenant_id, stop.own_id)
    if urn is None or not urn.visible:
        return None
    return in_urn(stop, urn, await looks.entrant(call.caller, urn), call.gateway.clock.now())


_LOOKS: Final = {"queue": _at_line, "draw": _at_urn}


async def _news(looks: list[Look], seconds: float) -> None:
    """Wait until one of them moves, or the time is over."""
    waits = [asyncio.ensure_future(look.one.next_pull(seconds)) for look in looks]
    if not waits:
        await asyncio.sleep(max(0.0, seconds))
        return
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _experience(call: Call) -> UUID | None:
    """The experience to look at alone; what is no uuid is nobody's."""
    sent = call.query.text("experienceId")
    try:
        return None if sent is None else canonical_id(sent)
    except ValueError:
        return UUID(int=0)


def _since(call: Call) -> int | None:
    """The version that was seen, where the caller would rather wait for a later one."""
    since = since_version(call.request.query)
    return since if b"prefer" in call.request.headers else None
