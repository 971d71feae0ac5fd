"""The front of the gateway: which API a host means, which pages may read an answer, and what browsers are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api_gateway.auth import Guard
from api_gateway.http.asgi import Asgi, Message, Pairs, Receive, Scope, Send
from api_gateway.http.cross_origin import readable_by
from api_gateway.http.presented import publishable_key, stream_ticket
from api_gateway.http.raw import COMPLETE, SAFE

_APIS: Final = {b"consumer.": "/consumer", b"admin.": "/admin"}
_VERSIONED: Final = "/api/v1"
_PREFLIGHT: Final[Pairs] = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        (
            b"Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, Prefer, "
            b"X-Publishable-Key, X-Refresh-Token, X-Request-Id"
        ),
    ),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]
_OPEN_TO_ALL: Final = ("/.well-known/", "/problems/", "/consumer/api/v1/openapi.json", "/admin/api/v1/openapi.json")


class Front:
    """Wraps the whole application. `domain` is the public one: consumer.<domain>, admin.<domain>."""

    def __init__(self, inner: Asgi, guard: Guard, domain: str) -> None:
        self._inner, self._guard = inner, guard
        self._hosts = {prefix + domain.lower().encode(): place for prefix, place in _APIS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self._route(scope, headers.get(b"host", b""))
        origin = headers.get(b"origin")
        if origin is not None and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(scope, origin, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and (origin is not None or COMPLETE not in scope):
                message["headers"] = self._complete(scope, headers, list(message.get("headers", ())))
            await send(message)

        await self._inner(scope, receive, told)

    def readable(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Pairs:
        """The headers that let a page read the answer to its request, for whoever answers without the application."""
        self._route(scope, headers.get(b"host", b""))
        origin = headers.get(b"origin")
        return [] if origin is None else self._readable(scope, headers, origin)

    def _route(self, scope: Scope, host: bytes) -> None:
        """Give the path its API's prefix where the host says which one it is."""
        path: str = scope["path"]
        if path.startswith(_VERSIONED):
            prefix = self._hosts.get(host.partition(b":")[0].lower())
            if prefix is not None:
                scope["path"] = prefix + path
                scope["raw_path"] = prefix.encode() + scope.get("raw_path", path.encode())
        elif path.startswith(("/consumer/.well-known/", "/admin/.well-known/")):
            scope["path"] = path[path.index("/.well-known/") :]

    def _complete(self, scope: Scope, headers: Mapping[bytes, bytes], said: Pairs) -> Pairs:
        names = {name.lower() for name, _ in said}
        said += [header for header in SAFE if header[0] not in names]
        origin = headers.get(b"origin")
        if origin is not None:
            said += self._readable(scope, headers, origin)
        return said

    def _readable(self, scope: Scope, headers: Mapping[bytes, bytes], origin: bytes) -> Pairs:
        """Which origin may read the answer: any for what is public to the world, else one that the organization lists.

        A ticket was given to a page of a listed origin, and only whoever was given it has it.
        """
        path: str = scope["path"]
        if path.startswith(_OPEN_TO_ALL):
            return [(b"access-control-allow-origin", b"*")]
        ticket = path.endswith("/events") and stream_ticket(scope) is not None
        if not path.startswith("/consumer/") or not (ticket or self._guard.allows(_with_key(scope, headers))):
            return [(b"vary", b"Origin")]
        return readable_by(origin)


def _with_key(scope: Scope, headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The headers, with the publishable key that an event source names in its address."""
    if b"x-publishable-key" in headers:
        return headers
    named = publishable_key(scope, headers)
    return headers if named is None else {**headers, b"x-publishable-key": named}


async def _preflight(scope: Scope, origin: bytes, send: Send) -> None:
    """Browsers ask before they send a key, so that nobody is known yet: the call itself is judged by its key's origins."""
    allowed = scope["path"].startswith(("/consumer/", "/.well-known/", "/problems/"))
    said: Pairs = [(b"vary", b"Origin"), (b"cache-control", b"no-store")]
    said += [(b"access-control-allow-origin", origin), *_PREFLIGHT] if allowed else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 204 if allowed else 403, "headers": said})
    await send({"type": "http.response.body", "body": b""})
