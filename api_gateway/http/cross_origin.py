"""What a browser is told so that a page of another origin may read an answer (the CORS protocol of the Fetch standard)."""

from __future__ import annotations

from typing import Final

from api_gateway.http.asgi import Pairs

_EXPOSED: Final = (
    b"ETag, Link, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, X-RateLimit-Limit, "
    b"X-RateLimit-Remaining, X-RateLimit-Reset, Idempotency-Replayed, Preference-Applied"
)


def readable_by(origin: bytes) -> Pairs:
    """The headers by which pages of this origin may read an answer and the headers that matter to them."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]
