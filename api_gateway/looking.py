"""Looks that need nothing new, answered before anything else sees them: most of what a waiting room is asked."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from api_gateway.hot import PREFIX, Asgi, Receive, Scope, Send
from api_gateway.live.glance import Glances
from runtime import metrics
from runtime.clock import Clock

_ID: Final = slice(len(PREFIX), len(PREFIX) + 36)
_TAIL: Final = "/status"
_LENGTH: Final = len(PREFIX) + 36 + len(_TAIL)
_ALWAYS: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Looking:
    """Answers whoever has looked before and passes everything else on."""

    __slots__ = ("_answered", "_clock", "_glances", "_rest")

    def __init__(self, glances: Glances, clock: Clock, rest: Asgi) -> None:
        self._glances, self._clock, self._rest = glances, clock, rest
        self._answered: Counter = metrics.requests.labels("status", 200)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        found = self._found(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self._rest(scope, receive, send)
            return
        body, headers = found
        headers += _ALWAYS
        headers.append((b"x-request-id", str(self._clock.new_id()).encode()))
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._answered.inc()

    def _found(self, scope: Scope) -> tuple[bytes, list[tuple[bytes, bytes]]] | None:
        path: str = scope["path"]
        if len(path) != _LENGTH or not path.startswith(PREFIX) or not path.endswith(_TAIL) or scope["query_string"]:
            return None
        client = scope.get("client")
        return self._glances.answer(path[_ID], scope["headers"], client[0] if client else "")
