"""How patient a caller is: the Prefer header (RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api_gateway.problems import problem

USUAL_SECONDS = 5.0
LONGEST_SECONDS = 30.0
_MOST_DIGITS = 18
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?")


@dataclass(frozen=True, slots=True)
class Preference:
    """`wait` in seconds, at most 30; `respond_async` asks for 202 at once; `applied` is the Preference-Applied header."""

    wait: float = USUAL_SECONDS
    respond_async: bool = False
    applied: str = ""

    @property
    def held(self) -> str:
        """The Preference-Applied header of a long poll: a look can be held, and never be answered later."""
        return self.applied.removeprefix("respond-async").removeprefix(", ")


USUAL = Preference()


def since_version(query: Mapping[str, Sequence[str]]) -> int | None:
    """The version that a long poll has seen; None when it names none. Problem 400 for what is no whole number."""
    sent = query.get("sinceVersion", ("",))[-1]
    if not sent:
        return None
    if not (sent.isascii() and sent.isdecimal()) or len(sent) > _MOST_DIGITS:
        message = "sinceVersion is a whole number, from 0."
        error = {"path": "query:sinceVersion", "code": "WRONG_TYPE", "message": message}
        raise problem("INVALID_REQUEST", message, errors=(error,))
    return int(sent)


def preference(headers: Mapping[bytes, bytes]) -> Preference:
    """What the caller prefers. Preferences that are not understood are ignored, as the RFC asks."""
    sent = headers.get(b"prefer")
    if sent is None:
        return USUAL
    parts = [part.split(";")[0].strip().lower() for part in sent.decode("latin-1").split(",")]
    waits = [found[1] for part in parts if (found := _WAIT.fullmatch(part))]
    wait = min(float(waits[0]), LONGEST_SECONDS) if waits else USUAL_SECONDS
    at_once = "respond-async" in parts and not waits
    told = ["respond-async"] * ("respond-async" in parts) + [f"wait={wait:.0f}"] * bool(waits)
    return Preference(wait, at_once, ", ".join(told))
