"""Server actions: what a shop's server does with one person. Both APIs serve them under the same paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.auth.tokens import Claims
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import SERVER_ACTIONS, Call, known_id
from api_gateway.http.told import SECRET, told
from api_gateway.problems import problem
from api_gateway.shapes.queues import (
    AdmitBody,
    CompleteAnyBody,
    CompleteBody,
    DenyBody,
    OrderBody,
    Participation,
    ValidateAnyBody,
    ValidateBody,
    Verdict,
)
from api_gateway.views import participation
from domain.queue.commands import AdmitEntry, CompleteGrant, DenyEntry, ValidateGrant
from store.reads.queues import exists

MISSING: Final = "QUEUE_NOT_FOUND"
_NOT_OURS: Final = "It is not a grant of this organization, or was made by somebody else."
_ELSEWHERE: Final = "The grant is for another distribution."
Server = Annotated[Call, SERVER_ACTIONS]
router = APIRouter(tags=["server actions"])


@router.post(
    "/queues/{queue_id}/admit", summary="Let a person in",
    **told(SECRET, Participation, MISSING, "CONSUMER_NOT_IN_QUEUE", body=AdmitBody, command=True),
)  # fmt: skip
async def admit(queue_id: str, call: Server) -> Response:
    """Let somebody who waits in now, out of turn."""
    own_id, body = known_id(queue_id, MISSING), call.body(AdmitBody)
    command = AdmitEntry(queue_id=own_id, consumer_id=body.consumer_id, note=body.note)
    return respond(call, await call.ask(command), lambda facts, _: _state(facts, own_id))


@router.post(
    "/queues/{queue_id}/deny", summary="Refuse a person",
    **told(SECRET, Participation, MISSING, "CONSUMER_NOT_IN_QUEUE", body=DenyBody, command=True),
)  # fmt: skip
async def deny(queue_id: str, call: Server) -> Response:
    """Refuse somebody for good. A live grant is revoked, and its place goes to the next."""
    own_id, body = known_id(queue_id, MISSING), call.body(DenyBody)
    command = DenyEntry(queue_id=own_id, consumer_id=body.consumer_id, reason=body.reason, note=body.note)
    return respond(call, await call.ask(command), lambda facts, _: _state(facts, own_id))


@router.post(
    "/queues/{queue_id}/validate", summary="Ask whether a grant is good",
    **told(SECRET, Verdict, MISSING, body=ValidateBody, command=True),
)  # fmt: skip
async def validate(queue_id: str, call: Server) -> Response:
    """Whether a grant of this queue is good now; when it is not, why. Ask before taking money."""
    own_id, body = await _own(call, queue_id), call.body(ValidateBody)
    return await _validated(call, body, own_id)


@router.post(
    "/queues/{queue_id}/complete", summary="Use a grant up",
    **told(SECRET, Participation, MISSING, "GRANT_INVALID", body=CompleteBody, command=True),
)  # fmt: skip
async def complete(queue_id: str, call: Server) -> Response:
    """Use a grant up by an order, once. The same order again is the same completion."""
    own_id, body = await _own(call, queue_id), call.body(CompleteBody)
    if (body.admission_grant is None) == (body.consumer_id is None):
        message = "Name the admissionGrant or the consumerId, and not both."
        error = {"path": "/admissionGrant", "code": "CONFLICTING_FIELDS", "message": message}
        raise problem("VALIDATION_ERROR", message, errors=(error,))
    if body.admission_grant is not None:
        return await _completed(call, body.admission_grant, body, own_id)
    command = CompleteGrant(
        queue_id=own_id, consumer_id=body.consumer_id, order_id=body.order_id, order=body.details
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, _: _state(facts, own_id))


@router.post(
    "/admission/validate", summary="Ask whether any grant is good",
    **told(SECRET, Verdict, body=ValidateAnyBody, command=True),
)  # fmt: skip
async def validate_any(call: Server) -> Response:
    """Whether a grant is good now, whatever it is for."""
    body = call.body(ValidateAnyBody)
    return await _validated(call, body, body.distribution_id)


@router.post(
    "/admission/complete", summary="Use any grant up",
    **told(SECRET, Participation, "GRANT_INVALID", body=CompleteAnyBody, command=True),
)  # fmt: skip
async def complete_any(call: Server) -> Response:
    """Use a grant up by an order, whatever it is for."""
    body = call.body(CompleteAnyBody)
    return await _completed(call, body.admission_grant, body, None)


async def _validated(call: Call, body: ValidateBody, wanted: UUID | None) -> Response:
    claims = await call.gateway.guard.grant(body.admission_grant, call.caller)
    if claims is None:
        return shown(call, {"valid": False, "code": "GRANT_INVALID", "reason": _NOT_OURS})
    if wanted is not None and claims["distributionId"] != str(wanted):
        return shown(call, {"valid": False, "code": "DISTRIBUTION_MISMATCH", "reason": _ELSEWHERE})
    command = ValidateGrant(
        queue_id=UUID(claims["distributionId"]), entry_id=UUID(claims["participationId"]),
        grant_id=UUID(claims["jti"]), consumer_id=body.consumer_id,
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, _: _verdict(facts, claims))


async def _completed(call: Call, grant: str, body: OrderBody, wanted: UUID | None) -> Response:
    claims = await call.gateway.guard.grant(grant, call.caller)
    if claims is None:
        raise problem("GRANT_INVALID", _NOT_OURS)
    if wanted is not None and claims["distributionId"] != str(wanted):
        raise problem("GRANT_INVALID", _ELSEWHERE)
    queue_id = UUID(claims["distributionId"])
    command = CompleteGrant(
        queue_id=queue_id, entry_id=UUID(claims["participationId"]), grant_id=UUID(claims["jti"]),
        order_id=body.order_id, order=body.details,
    )  # fmt: skip
    return respond(call, await call.ask(command), lambda facts, _: _state(facts, queue_id))


async def _own(call: Call, queue_id: str) -> UUID:
    """The id of a queue that is there: what a grant says is looked at only for queues of the caller's own."""
    own_id = known_id(queue_id, MISSING)
    if not await exists(call.reader, own_id):
        raise problem(MISSING)
    return own_id


def _verdict(facts: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
    return {**facts, "grant": dict(claims)} if facts["valid"] else dict(facts)


def _state(facts: Mapping[str, Any], queue_id: UUID) -> dict[str, Any]:
    kept = {name: value for name, value in facts.items() if name not in {"now", "head", "preOpen", "position"}}
    return participation(kept, queue_id)
