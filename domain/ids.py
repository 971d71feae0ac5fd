"""Identifiers: UUIDv7 (RFC 9562 section 5.7), made from a time and entropy that are given, never found here."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RAND_A = 0xFFF << 64
_RAND_B = (1 << 62) - 1


def uuid7(unix_ms: int, entropy: bytes) -> UUID:
    """The UUIDv7 of a unix time in milliseconds and at least 10 bytes of entropy (74 bits of it are used)."""
    return UUID(int=_bits7(unix_ms, entropy))


def _bits7(unix_ms: int, entropy: bytes) -> int:
    bits = int.from_bytes(entropy[:10], "big")
    rand_a = (bits >> 62 << 64) & _RAND_A
    return (unix_ms & 0xFFFFFFFFFFFF) << 80 | _VERSION | rand_a | _VARIANT | bits & _RAND_B


def uuid7_text(unix_ms: int, entropy: bytes) -> bytes:
    """The text of the same UUIDv7, in ASCII, for whoever needs nothing but the text."""
    text = b"%032x" % _bits7(unix_ms, entropy)
    return b"%b-%b-%b-%b-%b" % (text[:8], text[8:12], text[12:16], text[16:20], text[20:])


def canonical_id(text: str) -> UUID:
    """The UUID of a text of 36 characters, in either case (RFC 9562 section 4). ValueError when the text is none."""
    found = UUID(text)
    if str(found) != text.lower():
        raise ValueError(text)
    return found


@lru_cache(maxsize=8192)
def same_id(text: str) -> UUID:
    """The UUID of a text; the same text gives the same object, so that ids which come again and again are found by identity.

    ValueError when the text is no UUID of 36 characters.
    """
    return canonical_id(text)


def _as_same(value: object) -> object:
    return same_id(value) if isinstance(value, str) else value


SameId = Annotated[UUID, BeforeValidator(_as_same)]
"""An id that many commands name."""


def unix_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment."""
    return int(moment.timestamp() * 1000)


def unix_us(moment: datetime) -> int:
    """Whole microseconds since 1970 of an aware moment, exact (no floating point rounding)."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def derived_id(moment: datetime, *parts: bytes) -> UUID:
    """An id that follows from its parts: the same decision taken again names the same thing."""
    return uuid7(unix_ms(moment), hashlib.sha256(b"drumroll/id/1\x00" + b"\x00".join(parts)).digest())


def id_under(parent: UUID, digest: bytes) -> UUID:
    """An id known from a digest alone: it borrows its time bits from the object it is made under.

    An Idempotency-Key must give the same id at every repeat, so the id cannot carry the time of the call.
    """
    return uuid7(parent.int >> 80, digest)
