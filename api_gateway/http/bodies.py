"""Bodies: bounded, of the right media type, and JSON without surprises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from api_gateway.http.asgi import Receive
from api_gateway.problems import Problem, problem
from domain.problems import pointer
from domain.values import place_of_nul

CONSUMER_LIMIT: Final = 64 * 1024
ADMIN_LIMIT: Final = 1024 * 1024
DEEPEST: Final = 32
"""How deep a body may be nested: what is written must be read again by every program on its way."""
_JSON: Final = frozenset({b"application/json", b"application/merge-patch+json"})
_CHARSETS: Final = frozenset({b"", b"utf-8", b"utf8"})


class DisconnectedError(Exception):
    """The caller went away before its request was whole."""


async def read(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The body of a request. Problem 413 beyond `limit` bytes, 415 unless it is JSON, 400 for a nonsense length."""
    _check_length(headers.get(b"content-length"), limit)
    message = await receive()
    sent: bytes = message.get("body", b"")
    more = message.get("more_body", False)
    while more and message["type"] == "http.request":
        message = await receive()
        sent += message.get("body", b"")
        more = message.get("more_body", False)
        if len(sent) > limit:
            raise _too_large(limit)
    if message["type"] == "http.disconnect":
        raise DisconnectedError
    if len(sent) > limit:
        raise _too_large(limit)
    if sent:
        check_media_type(headers.get(b"content-type"))
    return sent


def check_media_type(sent: bytes | None) -> None:
    """Problem 415 unless a body is declared as JSON in UTF-8."""
    kind, _, parameters = (sent or b"").partition(b";")
    charset = parameters.strip().lower().removeprefix(b"charset=").strip(b'"') if parameters else b""
    if kind.strip().lower() not in _JSON or charset not in _CHARSETS:
        raise problem("UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json in UTF-8.")


def decoded(sent: bytes) -> Any:
    """The JSON of a body. No body is an empty object.

    Problem 400: no JSON, a member twice, NaN, nested deeper than `DEEPEST`, or a NUL in a text.
    """
    if not sent.strip():
        return {}
    try:
        value = orjson.loads(sent)
        if len(sent) > len(b'{"":0,"":0}'):
            json.loads(sent, object_pairs_hook=_no_member_twice)
    except (ValueError, RecursionError) as wrong:
        raise problem("INVALID_JSON", f"{wrong}."[:200]) from None
    if sent.count(b"[") + sent.count(b"{") > DEEPEST and _is_deep(value):
        raise problem("INVALID_JSON", f"A body is nested at most {DEEPEST} deep.")
    if rb"\u0000" in sent and (found := place_of_nul(value)) is not None:
        raise _invalid(pointer(found) or "/", "PATTERN", "A text must not contain a NUL character.")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    return any(isinstance(one, dict | list) for one in level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def fingerprint(value: Any) -> str:
    """The SHA-256 of a body in canonical form, in hex: equal for bodies that say the same."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _check_length(sent: bytes | None, limit: int) -> None:
    if sent is None:
        return
    if not sent.isdigit():
        raise problem("INVALID_REQUEST", "Content-Length is not a number.")
    if int(sent) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Problem:
    return problem("PAYLOAD_TOO_LARGE", f"A body here has at most {limit} bytes.")


def _no_member_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _invalid(path: str, code: str, message: str) -> Problem:
    return problem("VALIDATION_ERROR", message, errors=({"path": path, "code": code, "message": message},))
