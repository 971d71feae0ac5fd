"""How short the life of a grant may be set."""

from __future__ import annotations

from api_gateway.http.call import Call
from api_gateway.problems import problem


def check_grant_life(call: Call, seconds: object, within: str = "") -> None:
    """Problem 400 for grants of less than a minute, which only the test mode may give; `within` is where they are set."""
    shortest = 60
    if call.caller.mode == "live" and isinstance(seconds, int) and seconds < shortest:
        message = f"In live mode a grant lives at least {shortest} seconds."
        error = {"path": f"{within}/admissionExpirationSeconds", "code": "OUT_OF_RANGE", "message": message}
        raise problem("VALIDATION_ERROR", message, errors=(error,))
