"""Idempotency-Key: it makes the id of the command, so that the same call is the same command."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from api_gateway.auth import Caller
from api_gateway.problems import Problem, problem
from domain.ids import id_under

LONGEST: Final = 255
GUEST_BITS: Final = 128
_LEAST_DISTINCT: Final = 8
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_ALPHABETS: Final = ((re.compile(r"[0-9]+"), 10), (re.compile(r"[0-9a-f]+"), 16), (re.compile(r"[0-9A-F]+"), 16))


def idempotency_key(headers: Mapping[bytes, bytes]) -> str | None:
    """The key of a request, or None. Problem 400 unless it is 1 to 255 visible ASCII characters, quoted or bare."""
    sent = headers.get(b"idempotency-key")
    if sent is None:
        return None
    text = sent.decode("latin-1").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\([\"\\])", r"\1", text[1:-1])
    if len(text) > LONGEST or _VISIBLE.fullmatch(text) is None:
        raise _invalid(f"Idempotency-Key takes 1 to {LONGEST} visible ASCII characters.")
    return text


def guest_key(headers: Mapping[bytes, bytes]) -> str:
    """The key of a call that makes a guest. Problem 400 unless it can hold 128 random bits, like a password."""
    key = idempotency_key(headers)
    if key is None:
        raise _invalid("Entering without a token needs an Idempotency-Key of at least 128 random bits.", "REQUIRED")
    if bits(key) < GUEST_BITS:
        raise _invalid("This Idempotency-Key is too short to hold 128 random bits.", "TOO_SHORT")
    return key


def bits(key: str) -> float:
    """How many random bits a key can hold at most, judged by its length and its alphabet."""
    text = key.replace("-", "")
    if len(set(text)) < _LEAST_DISTINCT:
        return 0
    size = next((size for alphabet, size in _ALPHABETS if alphabet.fullmatch(text)), 64)
    return len(text) * math.log2(size)


def command_id(secret: bytes, caller: Caller, call: tuple[str, str], key: str, parent: UUID) -> UUID:
    """The id of the command that this key names: HMAC-SHA-256 of tenant, caller, method, path and key.

    `call` is (method, path). The id borrows its time bits from `parent`, the aggregate it is made under.
    """
    who = caller.consumer_id or caller.key_id
    parts = (b"drumroll/command/1", caller.tenant_id.bytes, who.bytes, *(part.encode() for part in call), key.encode())
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return id_under(parent, hmac.digest(secret, message, hashlib.sha256))


def _invalid(message: str, code: str = "PATTERN") -> Problem:
    error = {"path": "header:Idempotency-Key", "code": code, "message": message}
    return problem("INVALID_REQUEST", message, errors=(error,))
