"""Looks that need nothing new, answered before anything else sees them: most of what a waiting room is asked."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from prometheus_client import Counter

from api_gateway.hot import QUEUES as PREFIX
from api_gateway.http.asgi import Asgi, Pairs, Receive, Scope, Send
from api_gateway.live.glance import Glances
from runtime import metrics

_API: Final = "/consumer"
_ON_HOST: Final = PREFIX.removeprefix(_API)
"""The same path on the host of the Consumer API."""
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

    __slots__ = ("_answered", "_glances", "_host", "_rest")

    def __init__(self, glances: Glances, domain: str, rest: Asgi) -> None:
        self._glances, self._rest = glances, rest
        self._host = b"consumer." + domain.lower().encode()
        self._answered: Counter = metrics.requests.labels("status", 200)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI."""
        found = self._found(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        return self._rest(scope, receive, send) if found is None else self._tell(send, *found)

    async def _tell(self, send: Send, body: bytes, headers: Pairs) -> None:
        headers += _ALWAYS
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._answered.inc()

    def _found(self, scope: Scope) -> tuple[bytes, Pairs] | None:
        path: str = scope["path"]
        if not path.endswith(_TAIL) or scope["query_string"]:
            return None
        headers = dict(scope["headers"])
        if path.startswith(_ON_HOST) and headers.get(b"host", b"").partition(b":")[0].lower() == self._host:
            path = _API + path
        if len(path) != _LENGTH or not path.startswith(PREFIX):
            return None
        client = scope.get("client")
        return self._glances.answer(path[_ID], headers, client[0] if client else "")
