"""Operations: commands that were answered with 202, and what became of them. Both APIs serve them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api_gateway.auth import PUBLISHABLE, SECRET, token_hash
from api_gateway.context import Asked, Decided
from api_gateway.draw_views import own_state
from api_gateway.http.answers import operation, shown
from api_gateway.http.call import Call, known_id
from api_gateway.http.idempotency import command_id, idempotency_key
from api_gateway.http.told import header, told
from api_gateway.live.looks import Looks, looks_of
from api_gateway.live.state import standing_of, state_json
from api_gateway.problems import problem, problem_body
from api_gateway.refusals import problem_of
from api_gateway.shapes.common import Operation as Shape
from domain.draw.commands import EnterDraw, LeaveDraw
from domain.people.commands import SignAccessToken
from domain.queue.commands import EnterQueue, LeaveQueue
from domain.times import iso
from store.reads.operations import KEPT, Operation, find

MISSING: Final = "OPERATION_NOT_FOUND"
_GUEST_CALLS: Final = (
    "/consumer/api/v1/queues/{}/enter", "/consumer/api/v1/draws/{}/enter", "/consumer/api/v1/auth/guest"
)  # fmt: skip
_INNER: Final = frozenset({"now", "head", "preOpen", "position"})
_SESSION: Final = ("session", "accessTokenExpiresAt", "refreshTokenTtlSeconds")
_KEY = header("Idempotency-Key", "Without a token: the key of the call, which shows that it was yours.")
_TOKEN = header("X-Refresh-Token", "Without either: the refresh token that the 202 told.")
_EMPTY: Final = frozenset({"people.end_session", "people.erase"})


def operation_router(access: Any, security: list[dict[str, list[str]]]) -> APIRouter:
    """The route of operations for those whom `access` lets in."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/operations/{operation_id}", summary="Get an operation",
        **told(security, Shape, MISSING, parameters=[_KEY, _TOKEN]),
    )  # fmt: skip
    async def get_operation(operation_id: str, request: Request, call: Call = access) -> Response:
        """What became of a command: only its sender may know, and the organization's servers."""
        found = await find(call.reader, known_id(operation_id, MISSING))
        if found is None or not _may_see(call, found):
            raise problem(MISSING)
        return shown(call, await _told(call, looks_of(request), found))

    return router


async def _told(call: Call, looks: Looks, found: Operation) -> dict[str, Any]:
    reply = found.reply
    if reply is None or found.at is None:
        return operation(call, found.id, found.type, "PENDING", createdAt=iso(found.created_at))
    dates = {"createdAt": iso(found.created_at), "finishedAt": iso(found.at), "expiresAt": iso(found.at + KEPT)}
    refused = reply.get("refused")
    if refused is not None:
        wrong = problem_of(refused)
        body = orjson.loads(problem_body(wrong, call.request.id, call.gateway.settings.issuer))
        return operation(call, found.id, found.type, "FAILED", resultStatus=wrong.status, problem=body, **dates)
    state = _STATES.get(found.type)
    if state is not None:
        result = await state(call, looks, found.aggregate_id, reply["body"])
    else:
        result = {name: value for name, value in reply["body"].items() if name not in _INNER}
    if call.caller.kind == PUBLISHABLE:
        result |= await _tokens(call, found, reply)
    status = 201 if reply.get("created") else 204 if found.type in _EMPTY else 200
    return operation(call, found.id, found.type, "SUCCEEDED", resultStatus=status, result=result, **dates)


async def _in_line(call: Call, looks: Looks, queue_id: UUID, facts: dict[str, Any]) -> dict[str, Any]:
    """What the person was told of the place in the line, and no more: a queue may hide positions, and hides tickets."""
    line = await looks.lines.found(call.caller.tenant_id, queue_id)
    if line is None:
        raise problem(MISSING)
    standing = standing_of(facts, line.seq)
    if standing.status == "QUEUED" and not line.opened and not facts.get("preOpen", True):
        await looks.lines.refreshed(line)
    state: dict[str, Any] = orjson.loads(state_json(line, standing, call.gateway.clock.now()))
    return state


async def _in_urn(call: Call, looks: Looks, draw_id: UUID, facts: dict[str, Any]) -> dict[str, Any]:
    """What the person was told of the entry, without the session, which is told beside it."""
    urn = await looks.urns.found(call.caller.tenant_id, draw_id)
    if urn is None:
        raise problem(MISSING)
    own = {name: value for name, value in facts.items() if name not in _SESSION}
    return own_state(call.caller.kind, urn.known_draw, own, call.gateway.clock.now())


_STATES: Final = {
    EnterQueue.type: _in_line, LeaveQueue.type: _in_line, EnterDraw.type: _in_urn, LeaveDraw.type: _in_urn,
}  # fmt: skip


def _may_see(call: Call, found: Operation) -> bool:
    caller = call.caller
    if caller.kind == SECRET:
        return True
    if caller.kind == PUBLISHABLE:
        return _has_its_key(call, found) or _has_its_token(call, found)
    told_of = (found.reply or {}).get("body", {}).get("consumerId")
    return caller.consumer_id == found.actor_id or str(caller.consumer_id) == told_of


def _has_its_key(call: Call, found: Operation) -> bool:
    """Whether the Idempotency-Key that comes with this call is the one that made the command."""
    key = idempotency_key(call.request.headers)
    if key is None:
        return False
    parents = (found.aggregate_id, found.aggregate_id, call.caller.organization_id)
    made = (
        command_id(call.gateway.secret, call.caller, ("POST", path.format(found.aggregate_id)), key, parent)
        for path, parent in zip(_GUEST_CALLS, parents, strict=True)
    )
    return any(hmac.compare_digest(one.bytes, found.id.bytes) for one in made)


def _has_its_token(call: Call, found: Operation) -> bool:
    """Whether the refresh token that comes with this call is the one that the command issues: its 202 told nobody else."""
    sent = call.request.headers.get(b"x-refresh-token", b"").decode("latin-1")
    presented = call.gateway.refresh_tokens.read(call.caller.tenant_id, sent)
    return presented is not None and presented.command_id == found.id


async def _tokens(call: Call, found: Operation, reply: Mapping[str, Any]) -> dict[str, Any]:
    """The token set that the command issued: signed once more, because the journal keeps none.

    Whoever shows nothing but its refresh token gets it only while that token is the latest: a used one opens nothing.
    """
    body = reply["body"]
    if "accessToken" not in (reply.get("sealed") or ()):
        return {}
    consumer_id, session_id = UUID(body["consumerId"]), UUID(body["session"]["id"])
    token = call.gateway.refresh_tokens.issue(call.caller.tenant_id, consumer_id, session_id, found.id)
    latest = None if _has_its_key(call, found) else token_hash(token)
    command = SignAccessToken(consumer_id=consumer_id, session_id=session_id, refresh_hash=latest)
    answer = await call.gateway.ask(call.caller, command, Asked(call.gateway.clock.new_id(), call.request.id))
    if not isinstance(answer, Decided):
        raise problem("DEPENDENCY_UNAVAILABLE", "The tokens cannot be signed right now.", retry_after=1)
    if "refused" in answer.stored:
        return {}
    return {name: body[name] for name in _SESSION if name in body} | answer.secrets | {"refreshToken": token}
