"""Validation errors as problems: one table from the parser's words to the codes that clients branch on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from domain.decision import Refused

CODES = {
    "missing": "REQUIRED",
    "extra_forbidden": "UNKNOWN_FIELD",
    "string_too_short": "TOO_SHORT",
    "too_short": "TOO_SHORT",
    "string_too_long": "TOO_LONG",
    "too_long": "TOO_LONG",
    "greater_than": "OUT_OF_RANGE",
    "greater_than_equal": "OUT_OF_RANGE",
    "less_than": "OUT_OF_RANGE",
    "less_than_equal": "OUT_OF_RANGE",
    "not_available": "OUT_OF_RANGE",
    "string_pattern_mismatch": "PATTERN",
    "pattern": "PATTERN",
    "literal_error": "NOT_IN_ENUM",
    "enum": "NOT_IN_ENUM",
    "invalid_timestamp": "INVALID_TIMESTAMP",
    "invalid_time_zone": "INVALID_TIME_ZONE",
    "invalid_money": "INVALID_MONEY",
    "invalid_window": "CONFLICTING_FIELDS",
    "out_of_range": "OUT_OF_RANGE",
}


TAG: Final = "\x00"
"""Begins what the parser puts into a place to say how it read it, and what is no member."""


def pointer(place: Sequence[int | str]) -> str:
    """A JSON Pointer (RFC 6901) to a member."""
    members = (str(part) for part in place if not str(part).startswith(TAG))
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in members)


def field_errors(wrong: ValidationError) -> list[Mapping[str, str]]:
    """Every error with its path, its code and a sentence."""
    return [
        {"path": pointer(error["loc"]), "code": CODES.get(error["type"], "WRONG_TYPE"), "message": error["msg"]}
        for error in wrong.errors(include_url=False, include_context=False, include_input=False)
    ]


def first_problem(wrong: ValidationError) -> Refused:
    """The refusal of a change that does not validate. A window that contradicts itself has a code of its own."""
    error = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
    code = "INVALID_WINDOW" if error["type"] == "invalid_window" else "VALIDATION_ERROR"
    return Refused(code, error["msg"], field=pointer(error["loc"]))
