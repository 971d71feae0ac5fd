"""Tickets for event streams: for browsers, whose event sources cannot send headers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.http.answers import shown
from api_gateway.http.call import Call, reads
from api_gateway.http.told import CONSUMER, told
from api_gateway.limits import STREAM
from api_gateway.live.looks import looks_of
from api_gateway.shapes.queues import StreamTicket
from domain.times import iso

People = Annotated[Call, reads(lambda gateway, raw: gateway.guard.consumer(raw.headers), STREAM)]
router = APIRouter(tags=["streams"])


@router.post(
    "/consumers/me/stream-tickets", summary="Get a ticket for an event stream",
    **told(CONSUMER, StreamTicket, status=201),
)  # fmt: skip
async def issue_stream_ticket(call: People, request: Request) -> Response:
    """A ticket that opens one event stream within half a minute."""
    presented = call.request.headers[b"x-publishable-key"].decode("latin-1")
    ticket, ends = await looks_of(request).tickets.issue(call.caller, presented)
    return shown(call, {"ticket": ticket, "expiresAt": iso(ends)}, status=201)
