"""The keys of organizations as texts: how one is written down, and the hash that is all the store keeps of it."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from domain.organizations.state import KeyKind, Mode

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WORDS = {KeyKind.PUBLISHABLE: ("pk", 32), KeyKind.SECRET: ("sk", 43)}
ENTROPY = 32


class DrawnKey(NamedTuple):
    """A new key: its text, shown once, and what may be kept of it."""

    text: str
    hash: str
    prefix: str
    last4: str


def drawn_key(kind: KeyKind, mode: Mode, entropy: bytes) -> DrawnKey:
    """The key that 32 bytes nobody can guess stand for: `dr_pk_live_` and 32, or `dr_sk_live_` and 43 of 62 letters."""
    word, length = _WORDS[kind]
    prefix = f"dr_{word}_{mode.value}_"
    text = prefix + _base62(int.from_bytes(entropy[:ENTROPY], "big"), length)
    return DrawnKey(text, hashlib.sha256(text.encode()).hexdigest(), prefix, text[-4:])


def _base62(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)
