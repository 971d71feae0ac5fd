"""How people watch what they take part in, whatever its kind: looks, long polls and streams, all from the same snapshots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

from api_gateway.auth import Caller
from api_gateway.context import Asked, Decided, Gateway
from api_gateway.http.asgi import Pairs, Receive, Send
from api_gateway.http.asking import limit
from api_gateway.http.prefer import preference, since_version
from api_gateway.http.presented import stream_ticket
from api_gateway.http.raw import RawRequest
from api_gateway.limits import STATUS, STREAM, Ask
from api_gateway.live.snapshot import Snapshot, Standing
from api_gateway.live.snapshots import Snapshots
from api_gateway.live.stream import Streams, Tale
from api_gateway.live.tickets import Tickets
from api_gateway.problems import problem
from domain.command import Command

Answer = tuple[int, bytes, Pairs]
Route = Callable[[RawRequest, UUID, bytes], Awaitable[Answer]]
Held = TypeVar("Held", bound=Standing)
Kind = TypeVar("Kind", bound=Snapshot[Any])
SECONDS_OF_A_LOOK = 1.0


class Watching(ABC, Generic[Kind, Held]):
    """Looks and streams of one kind. `missing` is told of what is not there; `hot` are the routes, by method and end."""

    missing: tuple[str, str]

    def __init__(
        self, gateway: Gateway, snapshots: Snapshots[Kind, Held], tickets: Tickets, streams: Streams
    ) -> None:  # fmt: skip
        self._gateway, self._snapshots, self._tickets, self._streams = gateway, snapshots, tickets, streams
        self.hot: dict[tuple[str, str], Route] = {("GET", "/status"): self.status}

    @abstractmethod
    async def standing(self, caller: Caller, one: Kind) -> Held:
        """The caller's participation; a live grant with its token."""

    @abstractmethod
    def _state(self, one: Kind, standing: Held) -> bytes:
        """The state object as JSON."""

    @abstractmethod
    def _version(self, one: Kind, standing: Held) -> int:
        """Grows with every change of the state."""

    @abstractmethod
    def _tale(self) -> Tale[Kind, Held]:
        """What a new stream tells of it."""

    def _looked(self, request: RawRequest, caller: Caller, one: Kind, standing: Held, asking: Ask) -> None:
        """Somebody looked: for kinds that remember it."""

    async def status(self, request: RawRequest, own_id: UUID, _: bytes) -> Answer:
        """Where this person stands: from the snapshot at hand, without asking anybody."""
        guard = self._gateway.guard
        caller = guard.consumer_now(request.headers) or await guard.consumer(request.headers)
        asking = limit(self._gateway, request, caller, STATUS)
        verdict = self._gateway.reads.admit(asking)
        if not verdict.admitted:
            raise verdict.problem()
        one = self._snapshots.known(caller.tenant_id, own_id)
        if one is None or not one.visible:
            one = await self.visible(caller, own_id)
        standing = await self.standing(caller, one)
        self._looked(request, caller, one, standing, asking)
        waited: Pairs = []
        since = since_version(request.query) if request.scope["query_string"] else None
        if since is not None and b"prefer" in request.headers:
            standing = await self._grown(caller, one, standing, since, preference(request.headers).wait)
            held = preference(request.headers).held
            waited = [(b"preference-applied", held.encode())] if held else []
        return 200, self._state(one, standing), verdict.raw_headers() + waited

    async def events(self, request: RawRequest, own_id: UUID, receive: Receive, send: Send) -> None:
        """Changes as they happen, to whoever has a consumer token or a ticket."""
        ticket = stream_ticket(request.scope)
        if ticket is not None:
            caller = await self._tickets.take(ticket)
        else:
            caller = await self._gateway.guard.consumer(request.headers)
        verdict = self._gateway.reads.admit(limit(self._gateway, request, caller, STREAM))
        if not verdict.admitted:
            raise verdict.problem()
        one, tale = await self.visible(caller, own_id), self._tale()

        async def news() -> list[bytes]:
            return tale.news(one, await self.standing(caller, one))

        headers = [(b"x-request-id", str(request.id).encode()), *verdict.raw_headers()]
        await self._streams.serve(caller, one, news, receive, send, headers)

    async def visible(self, caller: Caller, own_id: UUID) -> Kind:
        """What people may see. Problem 404 otherwise."""
        one = await self._snapshots.found(caller.tenant_id, own_id)
        if one is None or not one.visible:
            raise problem(*self.missing)
        return one

    async def _grown(self, caller: Caller, one: Kind, standing: Held, since: int, seconds: float) -> Held:
        """Long poll: wait until the participation's version exceeds the one that was seen, or patience ends."""
        clock = self._gateway.clock
        until = clock.monotonic() + seconds
        while self._version(one, standing) <= since and clock.monotonic() < until:
            await one.next_pull(min(SECONDS_OF_A_LOOK, until - clock.monotonic()))
            one.asked_at = clock.monotonic()
            standing = await self.standing(caller, one)
        return standing

    async def _token(self, caller: Caller, command: Command) -> str:
        """The token of a live grant, which a worker signs when its holder first looks. Problem 503: not now."""
        asked = Asked(self._gateway.clock.new_id(), self._gateway.clock.new_id())
        answer = await self._gateway.ask(caller, command, asked)
        token: str = answer.secrets.get("admissionGrant", "") if isinstance(answer, Decided) else ""
        if not token:
            raise problem("DEPENDENCY_UNAVAILABLE", "The grant is being signed; look again.", retry_after=1)
        return token


def person(caller: Caller) -> UUID:
    """Who calls: a consumer."""
    assert caller.consumer_id is not None  # noqa: S101 (narrows the type; only consumers come here)
    return caller.consumer_id
