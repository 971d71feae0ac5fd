"""Problems (RFC 9457): the one shape of every error, and the one table of what its code means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from uuid import UUID

import orjson
from starlette.responses import Response

_TITLES: Final[Mapping[int, Mapping[str, str]]] = {
    400: {
        "INVALID_REQUEST": "The request is not valid",
        "INVALID_JSON": "The body is not valid JSON",
        "VALIDATION_ERROR": "Some members are not valid",
        "INVALID_CURSOR": "The cursor is not valid here",
        "INVALID_FILTER": "The filter is not valid",
        "INVALID_SORT": "The list cannot be sorted so",
        "INVALID_WINDOW": "The times contradict each other",
        "SLUG_RESERVED": "The slug is reserved",
        "SLUG_INVALID": "The slug is not valid",
        "GRANT_INVALID": "There is no such grant",
        "RANGE_TOO_LONG": "The stretch of time has too many parts",
    },
    401: {
        "AUTHENTICATION_REQUIRED": "A credential is missing",
        "INVALID_KEY": "The key is not valid",
        "SECRET_KEY_REQUIRED": "A secret key is needed here",
        "KEY_REVOKED": "The key is no longer good",
        "INVALID_TOKEN": "The token is not valid",
        "TOKEN_EXPIRED": "The token has expired",
        "SESSION_REVOKED": "The session has ended",
        "TICKET_INVALID": "The ticket is not valid",
        "REFRESH_TOKEN_INVALID": "The refresh token is not valid",
        "REFRESH_TOKEN_REUSED": "The refresh token was used before",
    },
    403: {
        "ACCESS_DENIED": "You may not do this",
        "INSUFFICIENT_SCOPE": "The key lacks the scope",
        "ORIGIN_NOT_ALLOWED": "This origin may not call here",
        "ORGANIZATION_INACTIVE": "The organization is not active",
        "GUEST_NOT_ALLOWED": "Guests may not take part",
    },
    404: {
        "NOT_FOUND": "There is nothing here",
        "EXPERIENCE_NOT_FOUND": "There is no such experience",
        "SEQUENCE_NOT_FOUND": "There is no such sequence",
        "QUEUE_NOT_FOUND": "There is no such queue",
        "DRAW_NOT_FOUND": "There is no such draw",
        "CONSUMER_NOT_IN_DRAW": "The consumer is not in the draw",
        "CONSUMER_NOT_FOUND": "There is no such consumer",
        "CONSUMER_NOT_IN_QUEUE": "The consumer is not in this queue",
        "ORGANIZATION_NOT_FOUND": "There is no such organization",
        "KEY_NOT_FOUND": "There is no such key",
        "OPERATION_NOT_FOUND": "There is no such operation",
    },
    409: {
        "CONFLICT": "The request conflicts with the present state",
        "VERSION_CONFLICT": "The object has changed meanwhile",
        "INVALID_STATE": "This is not possible in the present state",
        "HAS_LIVE_PARTICIPANTS": "People still take part",
        "EXPERIENCE_CLOSED": "The experience is over",
        "NOTHING_TO_PUBLISH": "There is nothing to publish",
        "SLUG_TAKEN": "The slug is taken",
        "DISTRIBUTION_CLOSED": "The distribution has ended",
        "DISTRIBUTION_PAUSED": "The distribution is paused",
        "FIELD_FROZEN": "A member can no longer change",
        "ALREADY_PAUSED": "It is paused already",
        "NOT_PAUSED": "It is not paused",
        "QUEUE_CLOSED": "The queue is closed",
        "QUEUE_FULL": "The queue is full",
        "DRAW_CLOSED": "The draw is closed",
        "DRAW_FULL": "The draw is full",
        "ALREADY_GRANTED": "The consumer holds a grant already",
        "ALREADY_COMPLETED": "The consumer has completed already",
        "NO_LIVE_GRANT": "There is no live grant",
        "GRANT_EXPIRED": "The grant has expired",
        "GRANT_ALREADY_USED": "The grant was used already",
        "GRANT_REVOKED": "The grant was given back or taken away",
        "KEY_LIMIT_REACHED": "There are as many keys as there may be",
    },
    413: {"PAYLOAD_TOO_LARGE": "The body is too large"},
    415: {"UNSUPPORTED_MEDIA_TYPE": "The media type is not accepted"},
    422: {"IDEMPOTENCY_KEY_REUSED": "The Idempotency-Key belongs to another request"},
    423: {"QUEUE_NOT_OPEN": "The queue is not open yet", "DRAW_NOT_OPEN": "The draw is not open yet"},
    429: {
        "RATE_LIMITED": "Too many requests",
        "STREAM_LIMIT_REACHED": "Too many streams are open",
    },
    500: {"INTERNAL_ERROR": "Something broke on our side"},
    503: {
        "OVERLOADED": "More is asked than can be served right now",
        "MAINTENANCE": "The service is being maintained",
        "DEPENDENCY_UNAVAILABLE": "Something that is needed does not answer",
    },
}

CODES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {code: (status, title) for status, titles in _TITLES.items() for code, title in titles.items()}
)
"""Every code that this installation can answer: its status and its title."""

MEDIA_TYPE: Final = "application/problem+json"
FieldError = Mapping[str, str]


class Problem(Exception):  # noqa: N818 (the word of RFC 9457)
    """An answer that is an error: raised where it is found, told at the door.

    `errors` are {path, code, message}; `retry_after` is in whole seconds.
    """

    def __init__(
        self, status: int, code: str, detail: str = "", *, errors: Sequence[FieldError] = (),
        retry_after: int | None = None, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(code)
        self.status, self.code = status, code
        self.detail, self.errors, self.retry_after = detail, tuple(errors), retry_after
        self.headers = dict(headers or {})


def problem(
    code: str, detail: str = "", *, errors: Sequence[FieldError] = (), retry_after: int | None = None
) -> Problem:
    """The problem of a code, with the status that the table gives it. An unknown code is a fault of ours: 500."""
    status, _ = CODES.get(code, (HTTPStatus.INTERNAL_SERVER_ERROR, ""))
    return Problem(status, code, detail, errors=errors, retry_after=retry_after)


def problem_body(wrong: Problem, request_id: UUID, base: str) -> bytes:
    """The body of a problem. `base` is how people reach the Consumer API's host, as the gateway's settings say."""
    title = CODES[wrong.code][1] if wrong.code in CODES else HTTPStatus(wrong.status).phrase
    body = {
        "type": f"{base.rstrip('/')}/problems/{wrong.code}",
        "title": title,
        "status": wrong.status,
        "detail": wrong.detail or f"{title}.",
        "code": wrong.code,
        "errors": [dict(error) for error in wrong.errors],
        "requestId": str(request_id),
        "retryAfter": wrong.retry_after,
    }
    return orjson.dumps({member: value for member, value in body.items() if value not in (None, [])})


def problem_headers(wrong: Problem) -> dict[str, str]:
    """The headers that a problem brings, its media type among them."""
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    if wrong.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = f'Bearer realm="drumroll", error="{_challenge(wrong.code)}"'
    if wrong.retry_after is not None:
        headers["Retry-After"] = str(wrong.retry_after)
    return headers | wrong.headers


def problem_response(wrong: Problem, request_id: UUID, base: str) -> Response:
    """The answer to a caller."""
    headers = problem_headers(wrong) | {"X-Request-Id": str(request_id)}
    return Response(problem_body(wrong, request_id, base), wrong.status, headers)


def _challenge(code: str) -> str:
    """The error code of RFC 6750 section 3.1; a request without a credential has none of its own there."""
    return "invalid_request" if code == "AUTHENTICATION_REQUIRED" else "invalid_token"
