"""One call of a cold route: who calls, what was sent, and how its answer is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from api_gateway.auth import Caller
from api_gateway.context import Answer, Asked, Gateway
from api_gateway.http.asking import asked, limit
from api_gateway.http.bodies import ADMIN_LIMIT, CONSUMER_LIMIT, decoded, read
from api_gateway.http.pages import Cursors, Query
from api_gateway.http.raw import RawRequest
from api_gateway.http.versions import if_match
from api_gateway.limits import ADMIN_READ, ADMIN_WRITE, ENTRY, PASSES, PUBLIC, REFRESH, SERVER, SESSION, STATUS, Verdict
from api_gateway.problems import problem
from domain.command import Command
from domain.ids import canonical_id
from domain.problems import field_errors
from store.reads.base import Reader

Body = TypeVar("Body", bound=BaseModel)
Recognize = Callable[[Gateway, RawRequest], Awaitable[Caller]]
_KEPT_AS = "drumroll.request"
_ADMIN = "/admin/"


@dataclass(slots=True)
class Call:
    """A recognized caller's request. `limits` is where the caller stands, for the headers of the answer."""

    gateway: Gateway
    request: RawRequest
    caller: Caller
    sent: bytes
    limit_class: str
    limits: Verdict = PASSES
    asked: Asked | None = None

    @property
    def reader(self) -> Reader:
        """Reads as the caller's tenant."""
        return Reader(self.gateway.pool, self.caller.tenant_id)

    @property
    def long_reader(self) -> Reader:
        """The same for reads that may take long, from a replica where there is one. It shows no less."""
        return Reader(self.gateway.long_reads, self.caller.tenant_id)

    @property
    def query(self) -> Query:
        """The query parameters of a list."""
        return Query(self.request)

    @property
    def cursors(self) -> Cursors:
        """Makes and reads the cursors of lists."""
        return Cursors(self.gateway.secret)

    @property
    def base(self) -> str:
        """The prefix of the API that was called; it leads to the same place on every host."""
        return "/admin/api/v1" if self.request.path.startswith(_ADMIN) else "/consumer/api/v1"

    @property
    def if_version(self) -> int | None:
        """The version that the caller wants to change."""
        return if_match(self.request.headers)

    def body(self, model: type[Body]) -> Body:
        """The body as its model. Problem 400 names every member that is wrong."""
        return parsed(model, decoded(self.sent))

    def optional_body(self, model: type[Body]) -> Body:
        """The body as its model, where nothing has to be said: no body is an empty one."""
        return parsed(model, decoded(self.sent) if self.sent.strip() else {})

    def by_itself(self) -> Asked:
        """How something is asked for that the call needs besides its own command."""
        return Asked(self.gateway.clock.new_id(), self.gateway.clock.new_id())

    def changes(self, model: type[BaseModel]) -> dict[str, Any]:
        """The members that were sent, by their wire names, each of a valid form (null means: back to the default)."""
        value = decoded(self.sent)
        parsed(model, value)
        return dict(value)

    def asking(self, parent: UUID) -> Asked:
        """How this call asks for its command; `parent` is the aggregate that the command changes."""
        self.asked = asked(self.gateway, self.request, self.caller, parent, self.sent, self.limit_class)
        return self.asked

    async def ask(self, command: Command, asking: Asked | None = None) -> Answer:
        """Have a command decided."""
        return await self.gateway.ask(self.caller, command, asking or self.asking(command.aggregate_id))


def parsed(model: type[Body], value: Any) -> Body:
    """A value as its model, by the names of the wire alone. Problem 400 names every member that is wrong."""
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as wrong:
        raise invalid(wrong) from None


def invalid(wrong: ValidationError) -> Exception:
    """The problem of a body that does not validate."""
    errors = field_errors(wrong)
    window = errors[0]["code"] == "CONFLICTING_FIELDS"
    return problem("INVALID_WINDOW" if window else "VALIDATION_ERROR", errors[0]["message"], errors=errors)


def known_id(text: str, missing: str) -> UUID:
    """The id in a path. What is no uuid answers like an id that nobody has."""
    try:
        return canonical_id(text)
    except ValueError:
        raise problem(missing) from None


def raw_request(request: Request) -> RawRequest:
    """The request as the fast routes see it, the same for everybody who asks."""
    scope = request.scope
    raw = scope.get(_KEPT_AS)
    if not isinstance(raw, RawRequest):
        raw = scope[_KEPT_AS] = RawRequest(scope, dict(scope["headers"]), request.app.state.gateway.clock)
    return raw


def reads(recognize: Recognize, limit_class: str) -> Any:
    """A dependency: the call of whoever `recognize` lets in, counted by this gateway."""

    async def dependency(request: Request) -> Call:
        gateway: Gateway = request.app.state.gateway
        raw = raw_request(request)
        caller = await recognize(gateway, raw)
        said = gateway.reads.admit(limit(gateway, raw, caller, limit_class))
        if not said.admitted:
            raise said.problem()
        return Call(gateway, raw, caller, b"", limit_class, said)

    return Depends(dependency)


def writes(recognize: Recognize, limit_class: str) -> Any:
    """A dependency: the call of whoever `recognize` lets in, with its body; its command is counted at its append."""

    async def dependency(request: Request) -> Call:
        gateway: Gateway = request.app.state.gateway
        raw = raw_request(request)
        caller = await recognize(gateway, raw)
        most = ADMIN_LIMIT if raw.path.startswith(_ADMIN) else CONSUMER_LIMIT
        return Call(gateway, raw, caller, await read(request.receive, raw.headers, most), limit_class)

    return Depends(dependency)


def _server(scope: str) -> Recognize:
    return lambda gateway, raw: gateway.guard.server(raw.headers, scope)


ADMIN_READS = reads(_server("read"), ADMIN_READ)
ADMIN_WRITES = writes(_server("write"), ADMIN_WRITE)
KEY_READS = reads(_server("keys"), ADMIN_READ)
KEY_WRITES = writes(_server("keys"), ADMIN_WRITE)
SERVER_ACTIONS = writes(_server("participants"), SERVER)
PUBLIC_READS = reads(lambda gateway, raw: gateway.guard.public(raw.headers), PUBLIC)
ANYBODY_READS = reads(lambda gateway, raw: gateway.guard.anybody(raw.headers), STATUS)
SESSION_WRITES = writes(lambda gateway, raw: gateway.guard.public(raw.headers), SESSION)
REFRESHES = writes(lambda gateway, raw: gateway.guard.public(raw.headers), REFRESH)
CONSUMER_WRITES = writes(lambda gateway, raw: gateway.guard.consumer(raw.headers), SESSION)
GUEST_ENTRIES = writes(lambda gateway, raw: gateway.guard.public(raw.headers), ENTRY)
PEOPLE_READS = reads(lambda gateway, raw: gateway.guard.consumer(raw.headers), STATUS)
ENTRIES = writes(lambda gateway, raw: gateway.guard.consumer(raw.headers), ENTRY)
