"""What a refusal of the rules is over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api_gateway.problems import Problem, problem

SOON_SECONDS: Final = 1
_ALWAYS_SAY_WHEN: Final = frozenset({423, 429, 503})
_FIELD_CODES: Final = {"VALIDATION_ERROR": "OUT_OF_RANGE", "INVALID_WINDOW": "CONFLICTING_FIELDS"}


def problem_of(refused: Mapping[str, Any]) -> Problem:
    """The problem of a stored refusal {code, detail, retryAfter, field}. A field becomes an entry of `errors`."""
    code, detail, field = refused["code"], refused.get("detail") or "", refused.get("field")
    named = {"path": str(field), "code": _FIELD_CODES.get(code, "INVALID_REFERENCE"), "message": detail}
    found = problem(code, detail, errors=() if field is None else (named,), retry_after=refused.get("retryAfter"))
    if found.retry_after is None and found.status in _ALWAYS_SAY_WHEN:
        found.retry_after = SOON_SECONDS
    return found
