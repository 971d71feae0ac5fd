"""HMAC-SHA-256 under one key, many times over."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


def keyed_digest(key: bytes) -> Callable[[bytes], bytes]:
    """Make a function from a message to its HMAC-SHA-256 under the key (RFC 2104), 32 bytes.

    Both padded key blocks are hashed once and their states copied for every message, because an order
    of a million takes millions of digests under one key. Raises ValueError for a key over 64 bytes.
    """
    if len(key) > _BLOCK:
        raise ValueError(f"a key of {len(key)} bytes is longer than a block")
    padded = key.ljust(_BLOCK, b"\x00")
    opened, closing = sha256(padded.translate(_INNER)), sha256(padded.translate(_OUTER))

    def digest(message: bytes) -> bytes:
        inner = opened.copy()
        inner.update(message)
        outer = closing.copy()
        outer.update(inner.digest())
        return outer.digest()

    return digest
