"""If-Match and ETag (RFC 9110): the version of an object, in quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from api_gateway.problems import problem

_VERSION = re.compile(r'(?:W/)?"(\d{1,9})"')


def if_match(headers: Mapping[bytes, bytes]) -> int | None:
    """The version that the caller has seen; None when it does not say, or says any. Problem 400 otherwise."""
    sent = headers.get(b"if-match")
    if sent is None or sent.strip() == b"*":
        return None
    found = _VERSION.fullmatch(sent.decode("latin-1").strip())
    if found is None:
        message = "If-Match takes one version in quotes, as ETag gives it."
        error = {"path": "header:If-Match", "code": "PATTERN", "message": message}
        raise problem("INVALID_REQUEST", message, errors=(error,))
    return int(found[1])


def etag(version: object) -> dict[str, str]:
    """The ETag header of an object with a version."""
    return {"ETag": f'"{version}"'} if isinstance(version, int) else {}
