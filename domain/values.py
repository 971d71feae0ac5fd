"""Values that cross the border: each is parsed once, with its rule, and trusted afterwards."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

KEPT: Final = object()
"""The validation context of what the store has kept: rules that may have changed since do not apply to it."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)")


def _moment(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise PydanticCustomError(
            "invalid_timestamp", "Give a date as ISO 8601 with Z or an offset, such as 2026-11-21T17:00:00Z."
        )
    try:
        return datetime.fromisoformat(value.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("invalid_timestamp", "This date does not exist.") from None


def _time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise PydanticCustomError("invalid_time_zone", "Give an IANA time zone such as Europe/Vienna.") from None
    return value


def _metadata(told: dict[str, str]) -> dict[str, str]:
    value = {plain_text(key): item for key, item in told.items()}
    size = sum(len(key.encode()) + len(item.encode()) for key, item in value.items())
    if (
        len(value) > 50
        or size > 16_384
        or any(not 1 <= len(key) <= 40 or len(item) > 500 for key, item in value.items())
    ):
        raise PydanticCustomError("too_long", "At most 50 keys of 1 to 40 characters, values up to 500, 16 KiB in all.")
    return value


def place_of_nul(value: Any) -> tuple[int | str, ...] | None:
    """Where a text with a NUL is in a JSON value: the member that holds it, or whose member is named so; else None."""
    left: list[tuple[tuple[int | str, ...], Any]] = [((), value)]
    while left:
        place, one = left.pop()
        if isinstance(one, str) and "\x00" in one:
            return place
        if isinstance(one, dict):
            if "\x00" in "".join(one):
                return place
            left += [((*place, name), inner) for name, inner in one.items()]
        elif isinstance(one, list):
            left += [((*place, number), inner) for number, inner in enumerate(one)]
    return None


def plain_text(value: str) -> str:
    """NFC text without NUL: Postgres keeps no NUL, and equal looking text must be equal."""
    if "\x00" in value:
        raise PydanticCustomError("pattern", "Text must not contain a NUL character.")
    return unicodedata.normalize("NFC", value)


Moment = Annotated[datetime, BeforeValidator(_moment)]
LanguageCode = Annotated[str, Field(max_length=35, pattern=r"^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$")]
TimeZoneName = Annotated[str, Field(max_length=64), AfterValidator(_time_zone)]
Metadata = Annotated[dict[str, Annotated[str, AfterValidator(plain_text)]], AfterValidator(_metadata)]
