"""The hot routes: a look at one's place, and entering. They appear in the OpenAPI document with all the others.

They are answered before the framework sees them, because in a rush they are nearly all there is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import structlog
from prometheus_client import Counter

from api_gateway.context import Gateway
from api_gateway.http.asgi import Asgi, Message, Receive, Scope, Send
from api_gateway.http.bodies import DisconnectedError
from api_gateway.http.faults import CLIENT_CLOSED
from api_gateway.http.raw import RawRequest, read_body, send_bytes
from api_gateway.problems import Problem, problem, problem_body, problem_headers
from api_gateway.watching import Answer, Route, Watching
from domain.ids import same_id
from runtime import metrics
from store.database import AWAY

QUEUES: Final = "/consumer/api/v1/queues/"
DRAWS: Final = "/consumer/api/v1/draws/"
_ID_LENGTH: Final = 36
log = structlog.get_logger("gateway")


@dataclass(slots=True)
class Hot:
    """Answers the hot routes of one kind, whose paths begin with `prefix`, and passes everything else on."""

    gateway: Gateway
    watching: Watching[Any, Any]
    prefix: str
    rest: Asgi
    _id: slice = field(init=False)

    def __post_init__(self) -> None:
        self._id = slice(len(self.prefix), len(self.prefix) + _ID_LENGTH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(self.prefix):
            await self.rest(scope, receive, send)
            return
        tail = path[self._id.stop :]
        route = (scope["method"], tail)
        answer = self.watching.hot.get(route)
        if route == ("GET", "/events"):
            await self._stream(
                RawRequest(scope, dict(scope["headers"]), self.gateway.clock), path[self._id], receive, send
            )
            return
        if answer is None:
            await self.rest(scope, receive, send)
            return
        request = RawRequest(scope, dict(scope["headers"]), self.gateway.clock)
        status, body, headers = await self._answered(answer, request, path[self._id], receive)
        _counted(tail[1:], status).inc()
        await send_bytes(send, request, status, body, headers)

    async def _stream(self, request: RawRequest, own_id: str, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.watching.events(request, self._uuid(own_id), receive, sending)
        except (Problem, *AWAY) as failure:
            if begun:
                await send({"type": "http.response.body", "body": b""})
                return
            wrong = failure if isinstance(failure, Problem) else _away()
            status, body, headers = _told(wrong, request, self.gateway.settings.issuer)
            _counted("events", status).inc()
            await send_bytes(send, request, status, body, headers)

    async def _answered(self, answer: Route, request: RawRequest, own_id: str, receive: Receive) -> Answer:
        try:
            sent = await read_body(request, receive) if request.method == "POST" else b""
            result = await answer(request, self._uuid(own_id), sent)
        except Problem as wrong:
            return _told(wrong, request, self.gateway.settings.issuer)
        except DisconnectedError:
            return CLIENT_CLOSED, b"", []
        except AWAY as failure:
            log.warning("request.unserved", request=str(request.id), error=type(failure).__name__)
            return _told(_away(), request, self.gateway.settings.issuer)
        except Exception:
            log.exception("request.broken", request=str(request.id), path=request.scope["path"])
            return _told(problem("INTERNAL_ERROR", f"Reference: {request.id}."), request, self.gateway.settings.issuer)
        return result

    def _uuid(self, text: str) -> UUID:
        try:
            return same_id(text)
        except ValueError:
            raise problem(*self.watching.missing) from None


@lru_cache(maxsize=256)
def _counted(route: str, status: int) -> Counter:
    """The counter of a route and status: looking it up by its labels costs more than counting."""
    return metrics.requests.labels(route, status)


def _away() -> Problem:
    return problem("DEPENDENCY_UNAVAILABLE", "The store does not answer.", retry_after=1)


def _told(wrong: Problem, request: RawRequest, base: str) -> Answer:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in problem_headers(wrong).items()]
    return wrong.status, problem_body(wrong, request.id, base), headers
