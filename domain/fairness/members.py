"""How single members of published lines are written and read. Each reader raises ValueError in words."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from domain.fairness.commitment import MAX_SAFE_INTEGER

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_HASH: Final = re.compile("[0-9a-f]{64}")
_MICROSECOND: Final = timedelta(microseconds=1)


def instant_text(microseconds: int) -> str:
    """Write an instant in microseconds since 1970 as `2026-11-21T17:00:00.000000Z`."""
    at = _EPOCH + timedelta(microseconds=microseconds)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"


def instant_of(text: object, member: str = "receivedAt") -> int:
    """Read the microseconds since 1970 from what `instant_text` wrote. Raises ValueError for any other form."""
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise ValueError(f"its {member} is {text!r}, not an instant like 2026-11-21T17:00:00.000000Z")
    since = (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    if since < 0:
        raise ValueError(f"its {member} {text} lies before 1970")
    return since


def number_of(value: object, member: str, most: int) -> int:
    """Read a number from 0 to `most`. Raises ValueError for anything else."""
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"its {member} is {value!r}, not a number from 0")
    return value


def hash_of(value: object, member: str) -> str:
    """Read 32 bytes that are written as 64 lower-case hex digits, and leave them so. Raises ValueError for anything else."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError(f"its {member} is {value!r}, not a hash of 64 lower-case hex digits")
    return value


def participation_of(text: object, member: str = "participationId") -> UUID:
    """Read an id, for instance that of a participation. Raises ValueError for any form but lower case with dashes."""
    try:
        participation_id = UUID(text) if isinstance(text, str) else None
    except ValueError:
        participation_id = None
    if participation_id is None or str(participation_id) != text:
        raise ValueError(f"its {member} is {text!r}, not a UUID in lower case with dashes")
    return participation_id


def _participation(value: object) -> UUID:
    return value if isinstance(value, UUID) else participation_of(value)


def _instant(text: str) -> str:
    instant_of(text, "instant")
    return text


Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="32 bytes as 64 lower-case hex digits")]
Number = Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE_INTEGER)]
Round = Annotated[int, Field(strict=True, ge=1, le=MAX_SAFE_INTEGER)]
"""A round of a public beacon."""
Participation = Annotated[UUID, BeforeValidator(_participation), PlainSerializer(str, return_type=str)]
Instant = Annotated[str, AfterValidator(_instant)]
"""An instant as `instant_text` writes it."""
