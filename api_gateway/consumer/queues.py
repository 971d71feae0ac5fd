"""The hot routes of queues, for the document. They are answered before the framework sees them, unless an id is none."""

from __future__ import annotations

from typing import Annotated, Final, NoReturn

from fastapi import APIRouter

from api_gateway.http.call import PUBLIC_READS, Call
from api_gateway.http.told import CONSUMER, PUBLISHABLE, header, query, told
from api_gateway.problems import problem
from api_gateway.queueing import EnterBody, LeaveBody
from api_gateway.shapes.queues import State

MISSING: Final = "QUEUE_NOT_FOUND"
Public = Annotated[Call, PUBLIC_READS]
router = APIRouter(tags=["queues"])
SINCE: Final = (
    query("sinceVersion", "With Prefer: wait=N, answer when stateVersion exceeds this.", type="integer", minimum=0),
    header("Prefer", "wait=N seconds (0 to 30) for news."),
)
TICKET: Final = (query("ticket", "Instead of headers, for browsers.", type="string"),)
STREAMED: Final = "text/event-stream"


@router.get(
    "/queues/{queue_id}/status", summary="Look where you stand", **told(CONSUMER, State, MISSING, parameters=SINCE)
)
async def status(queue_id: str, call: Public) -> None:
    """Your position, your grant, or what became of it."""
    nobody(MISSING, queue_id, call)


@router.post(
    "/queues/{queue_id}/enter", summary="Join the line",
    **told(
        [*CONSUMER, *PUBLISHABLE], State, MISSING, "QUEUE_NOT_OPEN", "GUEST_NOT_ALLOWED", body=EnterBody, command=True
    ),
)  # fmt: skip
async def enter(queue_id: str, call: Public) -> None:
    """Join, as somebody who is known, or with a strong Idempotency-Key as a new guest, whose token set comes along."""
    nobody(MISSING, queue_id, call)


@router.post(
    "/queues/{queue_id}/leave", summary="Leave the line", **told(CONSUMER, State, MISSING, body=LeaveBody, command=True)
)
async def leave(queue_id: str, call: Public) -> None:
    """Leave, or give the grant back: the place goes to the next."""
    nobody(MISSING, queue_id, call)


@router.get(
    "/queues/{queue_id}/events", summary="Hear changes as they happen",
    **told(CONSUMER, None, MISSING, "STREAM_LIMIT_REACHED", "TICKET_INVALID", media=STREAMED, parameters=TICKET),
)  # fmt: skip
async def events(queue_id: str, call: Public) -> None:
    """Server-Sent Events: `state` (where you stand), `position`, `distribution` (the queue itself)."""
    nobody(MISSING, queue_id, call)


def nobody(missing: str, own_id: str, _: Call) -> NoReturn:
    """What a hot route tells of an id that is none; with any other it is answered before the framework sees it."""
    raise problem(missing, f"{own_id[:40]} is nobody's id.")
