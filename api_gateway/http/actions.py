"""Server actions: what a shop's server does with one person. Both APIs serve them under the same paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from api_gateway.auth.tokens import Claims
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import SERVER_ACTIONS, Call, known_id
from api_gateway.http.granting import KINDS, QUEUE, Granting
from api_gateway.http.told import SECRET, told
from api_gateway.problems import problem
from api_gateway.shapes.draws import Entrant
from api_gateway.shapes.queues import (
    AdmitBody,
    CompleteAnyBody,
    CompleteBody,
    OrderBody,
    Participation,
    ValidateAnyBody,
    ValidateBody,
    Verdict,
)
from domain.queue.commands import AdmitEntry

_NOT_OURS: Final = "It is not a grant of this organization, or was made by somebody else."
_ELSEWHERE: Final = "The grant is for another distribution."
Server = Annotated[Call, SERVER_ACTIONS]
router = APIRouter(tags=["server actions"])


def kind_router(kind: Granting) -> APIRouter:
    """What can be done with the people of one kind."""
    own = APIRouter(tags=["server actions"])
    name = f"{kind.name}_id"
    place = f"/{kind.plural}/{{{name}}}"

    @own.post(
        f"{place}/deny", summary=f"Refuse a person in a {kind.name}",
        **told(SECRET, kind.shape, kind.missing, kind.not_inside, body=kind.deny_body, command=True),
    )  # fmt: skip
    async def deny(call: Server, own_id: str = Path(alias=name)) -> Response:  # noqa: FAST002 (no annotation sees the kind)
        """Refuse somebody for good. A live grant is revoked, and its place goes to the next."""
        meant, body = known_id(own_id, kind.missing), call.body(kind.deny_body)
        return respond(call, await call.ask(kind.deny(meant, body)), lambda facts, _: kind.shown(facts, meant))

    @own.post(
        f"{place}/validate", summary=f"Ask whether a grant of a {kind.name} is good",
        **told(SECRET, Verdict, kind.missing, body=ValidateBody, command=True),
    )  # fmt: skip
    async def validate(call: Server, own_id: str = Path(alias=name)) -> Response:  # noqa: FAST002 (no annotation sees the kind)
        """Whether the grant is good now; when it is not, why. Ask before taking money."""
        meant, body = await _own(call, kind, own_id), call.body(ValidateBody)
        return await _validated(call, body, meant)

    @own.post(
        f"{place}/complete", summary=f"Use a grant of a {kind.name} up",
        **told(SECRET, kind.shape, kind.missing, "GRANT_INVALID", body=CompleteBody, command=True),
    )  # fmt: skip
    async def complete(call: Server, own_id: str = Path(alias=name)) -> Response:  # noqa: FAST002 (no annotation sees the kind)
        """Use a grant up by an order, once. The same order again is the same completion."""
        meant, body = await _own(call, kind, own_id), call.body(CompleteBody)
        return await _completed_here(call, kind, meant, body)

    return own


@router.post(
    "/queues/{queue_id}/admit", summary="Let a person in",
    **told(SECRET, Participation, QUEUE.missing, QUEUE.not_inside, body=AdmitBody, command=True),
)  # fmt: skip
async def admit(queue_id: str, call: Server) -> Response:
    """Let somebody who waits in now, out of turn."""
    own_id, body = known_id(queue_id, QUEUE.missing), call.body(AdmitBody)
    command = AdmitEntry(queue_id=own_id, consumer_id=body.consumer_id, note=body.note)
    return respond(call, await call.ask(command), lambda facts, _: QUEUE.shown(facts, own_id))


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
    **told(SECRET, Participation | Entrant, "GRANT_INVALID", body=CompleteAnyBody, command=True),
)  # fmt: skip
async def complete_any(call: Server) -> Response:
    """Use a grant up by an order, whatever it is for."""
    body = call.body(CompleteAnyBody)
    return await _completed(call, body.admission_grant, body, None)


for _kind in KINDS.values():
    router.include_router(kind_router(_kind))


async def _completed_here(call: Call, kind: Granting, own_id: UUID, body: CompleteBody) -> Response:
    if body.admission_grant is not None and body.consumer_id is None:
        return await _completed(call, body.admission_grant, body, own_id)
    if body.admission_grant is None and body.consumer_id is not None:
        command = kind.complete_for(own_id, body.consumer_id, body)
        return respond(call, await call.ask(command), lambda facts, _: kind.shown(facts, own_id))
    message = "Name the admissionGrant or the consumerId, and not both."
    error = {"path": "/admissionGrant", "code": "CONFLICTING_FIELDS", "message": message}
    raise problem("VALIDATION_ERROR", message, errors=(error,))


async def _validated(call: Call, body: ValidateBody, wanted: UUID | None) -> Response:
    claims = await call.gateway.guard.grant(body.admission_grant, call.caller)
    kind = None if claims is None else KINDS.get(claims["distributionType"])
    if claims is None or kind is None:
        return shown(call, {"valid": False, "code": "GRANT_INVALID", "reason": _NOT_OURS})
    if wanted is not None and claims["distributionId"] != str(wanted):
        return shown(call, {"valid": False, "code": "DISTRIBUTION_MISMATCH", "reason": _ELSEWHERE})
    command = kind.validate(claims, body.consumer_id)
    return respond(call, await call.ask(command), lambda facts, _: _verdict(facts, claims))


async def _completed(call: Call, grant: str, body: OrderBody, wanted: UUID | None) -> Response:
    claims = await call.gateway.guard.grant(grant, call.caller)
    kind = None if claims is None else KINDS.get(claims["distributionType"])
    if claims is None or kind is None:
        raise problem("GRANT_INVALID", _NOT_OURS)
    if wanted is not None and claims["distributionId"] != str(wanted):
        raise problem("GRANT_INVALID", _ELSEWHERE)
    own_id = UUID(claims["distributionId"])
    return respond(call, await call.ask(kind.complete(claims, body)), lambda facts, _: kind.shown(facts, own_id))


async def _own(call: Call, kind: Granting, text: str) -> UUID:
    """The id of a distribution that is there: what a grant says is looked at only for the caller's own."""
    own_id = known_id(text, kind.missing)
    if not await kind.exists(call.reader, own_id):
        raise problem(kind.missing)
    return own_id


def _verdict(facts: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
    return {**facts, "grant": dict(claims)} if facts["valid"] else dict(facts)
