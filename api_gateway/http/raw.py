"""Requests and answers without a framework, for the routes that must be fast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

from api_gateway.http.asgi import Pairs, Receive, Scope, Send
from api_gateway.http.bodies import CONSUMER_LIMIT, decoded, read
from runtime.clock import Clock

_UUID_LENGTH: Final = 36
PERSONAL: Final[Pairs] = [(b"content-type", b"application/json"), (b"cache-control", b"private, no-store")]
COMPLETE: Final = "drumroll.complete"
SAFE: Final[Pairs] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""What browsers are told with every answer that is no page."""
_MOST_FIELDS: Final = 100


class RawRequest:
    """One request, read as far as somebody asks."""

    def __init__(self, scope: Scope, headers: Mapping[bytes, bytes], clock: Clock) -> None:
        self.scope, self.headers = scope, headers
        self._clock = clock

    @property
    def method(self) -> str:
        """GET, POST ..."""
        method: str = self.scope["method"]
        return method

    @property
    def path(self) -> str:
        """The path, with the API's prefix, whichever host it came by."""
        path: str = self.scope["path"]
        return path

    @property
    def peer(self) -> str | None:
        """The address of whoever opened the connection."""
        client = self.scope.get("client")
        return client[0] if client else None

    @cached_property
    def id(self) -> UUID:
        """The request's id: the caller's own X-Request-Id where that is a uuid."""
        return request_id(self.headers) or self._clock.new_id()

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The query parameters; what cannot be read is left out."""
        return parsed_query(self.scope.get("query_string", b""))


def parsed_query(sent: bytes) -> dict[str, list[str]]:
    """The parameters of a query string, empty ones included; one that cannot be read has none."""
    try:
        return parse_qs(sent.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


def request_id(headers: Mapping[bytes, bytes]) -> UUID | None:
    """The X-Request-Id of a request, if it is a uuid in its usual form."""
    sent = headers.get(b"x-request-id")
    if sent is None or len(sent) != _UUID_LENGTH:
        return None
    try:
        return UUID(sent.decode("ascii"))
    except ValueError:
        return None


async def read_body(request: RawRequest, receive: Receive, limit: int = CONSUMER_LIMIT) -> bytes:
    """The body of a request. Problem 413 or 415 where it is too large or no JSON."""
    return await read(receive, request.headers, limit)


async def send_bytes(
    send: Send, request: RawRequest, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> None:
    """Send a whole answer, complete with what browsers are told. A problem brings its own media type."""
    said: Pairs = [(b"content-length", b"%d" % len(body)), (b"x-request-id", str(request.id).encode()), *headers]
    said += SAFE
    if status < 400:
        said += PERSONAL
    request.scope[COMPLETE] = True
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": body})


__all__ = ["RawRequest", "decoded", "read_body", "request_id", "send_bytes"]
