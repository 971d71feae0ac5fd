"""What people do in queues: look, enter, leave. Each call is one function from a raw request to an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api_gateway.auth import CONSUMER, Caller, guest_ids, new_guest
from api_gateway.context import Accepted, Asked, Decided, Gateway
from api_gateway.http.asgi import Pairs
from api_gateway.http.asking import asked as asks
from api_gateway.http.asking import asked_as_guest
from api_gateway.http.bodies import decoded
from api_gateway.http.cross_origin import readable_by
from api_gateway.http.raw import RawRequest
from api_gateway.limits import Ask, terms
from api_gateway.live.glance import Glances, Look, sender
from api_gateway.live.line import Line, Standing
from api_gateway.live.lines import Lines
from api_gateway.live.state import state_json
from api_gateway.live.stream import QueueTale, Streams
from api_gateway.live.tickets import Tickets
from api_gateway.problems import Problem
from api_gateway.refusals import problem_of
from api_gateway.watching import Answer, Watching, person
from domain.problems import field_errors
from domain.queue.commands import EnterQueue, LeaveQueue, SignGrant
from domain.times import iso

Body = TypeVar("Body", bound=BaseModel)


class EnterBody(BaseModel):
    """What may be said on entering."""

    model_config = ConfigDict(extra="forbid", strict=True)

    quantity: int = Field(1, ge=1, le=1000, description="Units wanted in one grant.")


class LeaveBody(BaseModel):
    """Nothing is said on leaving."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Queueing(Watching[Line, Standing]):
    """Looks, entries and leaves."""

    missing = ("QUEUE_NOT_FOUND", "There is no such queue.")

    def __init__(self, gateway: Gateway, lines: Lines, tickets: Tickets, streams: Streams) -> None:
        super().__init__(gateway, lines, tickets, streams)
        self._lines = lines
        self.glances = Glances(gateway.guard.keys, gateway.reads, gateway.clock)
        self.hot |= {("POST", "/enter"): self.enter, ("POST", "/leave"): self.leave}

    async def enter(self, request: RawRequest, queue_id: UUID, sent: bytes) -> Answer:
        """Join the line: with a consumer token, or as a new guest with a publishable key and a strong Idempotency-Key."""
        guard = self._gateway.guard
        if b"authorization" in request.headers:
            caller = await guard.consumer(request.headers)
        else:
            caller = await guard.public(request.headers)
        body = parsed(EnterBody, sent)
        line = self._lines.known(caller.tenant_id, queue_id) or await self.visible(caller, queue_id)
        if caller.kind != CONSUMER:
            return await self._enter_as_guest(request, line, caller, body, sent)
        asked = asks(self._gateway, request, caller, queue_id, sent, "entry")
        command = EnterQueue(
            queue_id=queue_id, consumer_id=person(caller), is_guest=caller.is_guest, quantity=body.quantity,
            session_id=caller.session_id,
        )  # fmt: skip
        return await self._told(caller, line, command, asked)

    async def leave(self, request: RawRequest, queue_id: UUID, sent: bytes) -> Answer:
        """Leave the line, or give the grant back: the place one has now, for another may still be held here."""
        caller = await self._gateway.guard.consumer(request.headers)
        parsed(LeaveBody, sent)
        line = await self.visible(caller, queue_id)
        seen = await self._lines.stored(line, person(caller))
        asked = asks(self._gateway, request, caller, queue_id, sent, "entry")
        command = LeaveQueue(
            queue_id=queue_id, consumer_id=person(caller), entry_id=seen.entry_id, session_id=caller.session_id
        )
        return await self._told(caller, line, command, asked)

    async def standing(self, caller: Caller, one: Line) -> Standing:
        """A person's participation; a live grant with its token."""
        standing = one.held(person(caller)) or await self._lines.standing(one, person(caller))
        one.saw(standing)
        if standing.status == "GRANTED" and not standing.token:
            return await self._signed(caller, one, standing)
        return standing

    async def _enter_as_guest(
        self, request: RawRequest, line: Line, caller: Caller, body: EnterBody, sent: bytes
    ) -> Answer:
        asked = asked_as_guest(self._gateway, request, caller, line.queue_id, sent)
        ids, tokens = guest_ids(asked.command_id), self._gateway.refresh_tokens
        token = tokens.issue(caller.tenant_id, ids.consumer_id, ids.session_id, asked.command_id)
        command = EnterQueue(
            queue_id=line.queue_id, consumer_id=ids.consumer_id, quantity=body.quantity,
            guest=new_guest(ids.session_id, token),
        )  # fmt: skip
        return await self._told(caller, line, command, asked, {"refreshToken": token})

    async def _told(
        self,
        caller: Caller,
        line: Line,
        command: EnterQueue | LeaveQueue,
        asked: Asked,
        extra: dict[str, Any] | None = None,
    ) -> Answer:
        answer = await self._gateway.ask(caller, command, asked)
        if isinstance(answer, Accepted):
            return accepted(answer, asked, extra or {})
        if "refused" in answer.stored:
            raise problem_of(answer.stored["refused"])
        standing = self._lines.learned(line, answer.stored["body"])
        if standing.status == "QUEUED" and not line.opened and not answer.stored["body"].get("preOpen", True):
            await self._lines.refreshed(line)
        body = state_json(line, standing, self._gateway.clock.now())
        if answer.secrets:
            body = body[:-1] + b"," + orjson.dumps(_session(answer) | (extra or {}))[1:]
        replayed: Pairs = [(b"idempotency-replayed", b"true")] if answer.stored.get("replayed") else []
        return 200, body, answer.limits.raw_headers() + applied(asked) + replayed

    async def _signed(self, caller: Caller, line: Line, standing: Standing) -> Standing:
        """The standing with its grant's token, which a worker signs when its holder first looks."""
        assert standing.entry_id and standing.grant_id  # noqa: S101 (narrows the type; granted standings have both)
        command = SignGrant(queue_id=line.queue_id, entry_id=standing.entry_id, grant_id=standing.grant_id)
        signed = replace(standing, token=(await self._token(caller, command)).encode())
        if line.held(person(caller)) is standing:
            line.keep(person(caller), signed)
        return signed

    def _looked(self, request: RawRequest, caller: Caller, one: Line, standing: Standing, asking: Ask) -> None:
        """Remember what this look found out, for the next one; not what the line does not hold, because nobody would end it."""
        headers, key = request.headers, caller.key
        ends = self._gateway.guard.tokens.ends(headers[b"authorization"].partition(b" ")[2].strip())
        if ends is not None and one.held(person(caller)) is standing:
            origin = headers.get(b"origin")
            self.glances.keep(
                headers[b"authorization"],
                Look(
                    key=key, standing=standing, ends=min(ends, key.expires_at.timestamp()) if key.expires_at else ends,
                    sender=sender(request.peer or "", headers.get(b"x-forwarded-for"), origin), line=one,
                    terms=terms(asking.rules, asking.policies),
                    counters=self._gateway.reads.counters(asking), readable=() if origin is None else readable_by(origin),
                ),
            )  # fmt: skip

    def _state(self, one: Line, standing: Standing) -> bytes:
        return state_json(one, standing, self._gateway.clock.now())

    def _version(self, one: Line, standing: Standing) -> int:
        return standing.version

    def _tale(self) -> QueueTale:
        return QueueTale(self._gateway.clock)


def parsed(model: type[Body], sent: bytes) -> Body:
    """The body as its model; no body is an empty one. Problem 400 otherwise."""
    try:
        return model.model_validate(decoded(sent) if sent.strip() else {})
    except ValidationError as wrong:
        raise Problem(400, "VALIDATION_ERROR", "Some members are not valid.", errors=field_errors(wrong)) from None


def accepted(answer: Accepted, asked: Asked, shown_once: dict[str, Any]) -> Answer:
    """202: the command is in the ledger and will be decided; the operation tells when.

    `shown_once` is good as soon as the operation has succeeded, and may not be told again.
    """
    where = f"/consumer/api/v1/operations/{answer.command_id}"
    body = {
        "id": answer.command_id,
        "type": answer.type,
        "status": "PENDING",
        "createdAt": iso(answer.at),
        **shown_once,
        "_links": {"self": {"href": where, "method": "GET", "title": "How it stands."}},
    }
    headers = [(b"location", where.encode()), (b"retry-after", b"1")]
    return 202, orjson.dumps(body), headers + applied(asked)


def applied(asked: Asked) -> Pairs:
    """The Preference-Applied header."""
    return [(b"preference-applied", asked.applied.encode())] if asked.applied else []


def _session(answer: Decided) -> dict[str, Any]:
    """The token set of a new guest."""
    told = answer.stored["body"]
    named = ("session", "accessTokenExpiresAt", "refreshTokenTtlSeconds")
    return {name: told[name] for name in named if name in told} | answer.secrets
