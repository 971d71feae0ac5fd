"""Sessions of people: begun as a guest, renewed, ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.auth import guest_ids, new_guest, token_hash
from api_gateway.context import Asked
from api_gateway.http.answers import respond
from api_gateway.http.bodies import fingerprint
from api_gateway.http.call import CONSUMER_WRITES, REFRESHES, SESSION_WRITES, Call
from api_gateway.http.idempotency import command_id, guest_key, idempotency_key
from api_gateway.http.told import CONSUMER, PUBLISHABLE, told
from api_gateway.problems import problem
from api_gateway.shapes.organizations import GuestBody, LogoutBody, RefreshBody, TokenSet
from domain.people.commands import EndSession, RefreshSession, StartGuestSession

TOKEN_SET: Final = ("consumerId", "session", "accessTokenExpiresAt", "refreshTokenTtlSeconds")
Guests = Annotated[Call, SESSION_WRITES]
Refreshes = Annotated[Call, REFRESHES]
People = Annotated[Call, CONSUMER_WRITES]
router = APIRouter(prefix="/auth", tags=["sessions"])


@router.post(
    "/guest", summary="Begin as a guest",
    **told(PUBLISHABLE, TokenSet, "GUEST_NOT_ALLOWED", status=201, body=GuestBody, command=True),
)  # fmt: skip
async def start_guest_session(call: Guests) -> Response:
    """A token set for somebody who is not known. The same strong Idempotency-Key is the same guest."""
    call.body(GuestBody)
    if idempotency_key(call.request.headers) is not None:
        guest_key(call.request.headers)
    asking = call.asking(call.caller.organization_id)
    ids = guest_ids(asking.command_id)
    token = call.gateway.refresh_tokens.issue(call.caller.tenant_id, ids.consumer_id, ids.session_id, asking.command_id)
    command = StartGuestSession(consumer_id=ids.consumer_id, guest=new_guest(ids.session_id, token))
    answer = await call.ask(command, asking)
    return respond(
        call, answer, lambda facts, secrets: token_set(facts, secrets, token), shown_once={"refreshToken": token}
    )


@router.post(
    "/refresh", summary="Renew the tokens",
    **told(PUBLISHABLE, TokenSet, "REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", body=RefreshBody, command=True),
)  # fmt: skip
async def refresh_session(call: Refreshes) -> Response:
    """The next token set. The old refresh token is used up; coming back with it ends the session."""
    body = call.body(RefreshBody)
    tenant_id, tokens = call.caller.tenant_id, call.gateway.refresh_tokens
    presented = tokens.read(tenant_id, body.refresh_token)
    if presented is None:
        raise problem("REFRESH_TOKEN_INVALID", "This refresh token is not one of ours.")
    asking = _own(call, call.asking(presented.consumer_id), presented.hash)
    token = tokens.issue(tenant_id, presented.consumer_id, presented.session_id, asking.command_id)
    command = RefreshSession(
        consumer_id=presented.consumer_id, session_id=presented.session_id, presented_hash=presented.hash,
        next_hash=token_hash(token),
    )  # fmt: skip
    answer = await call.ask(command, asking)
    return respond(
        call, answer, lambda facts, secrets: token_set(facts, secrets, token), shown_once={"refreshToken": token}
    )


@router.post("/logout", summary="End the session", **told(CONSUMER, None, status=204, body=LogoutBody, command=True))
async def logout(call: People) -> Response:
    """End this session, or all of the person's. Writes stop at once; reads when the access token ends."""
    body, caller = call.body(LogoutBody), call.caller
    assert caller.consumer_id and caller.session_id  # noqa: S101 (narrows the type; consumers have both)
    command = EndSession(consumer_id=caller.consumer_id, session_id=caller.session_id, all_devices=body.all_devices)
    return respond(call, await call.ask(command), lambda facts, _: facts, empty=True)


def token_set(facts: dict[str, Any], secrets: dict[str, Any], refresh_token: str) -> dict[str, Any]:
    """What the holder of a session is told, this once."""
    return {name: facts[name] for name in TOKEN_SET} | secrets | {"refreshToken": refresh_token}


def _own(call: Call, asking: Asked, presented: str) -> Asked:
    """A refresh under an id that only this very token leads to: people share the publishable key, not their calls."""
    key = idempotency_key(call.request.headers)
    if key is None:
        return asking
    named = (call.request.method, f"{call.request.path}#{presented}")
    own_id = command_id(call.gateway.secret, call.caller, named, key, asking.command_id)
    call.asked = replace(asking, command_id=own_id, keyed=fingerprint(presented))
    return call.asked
