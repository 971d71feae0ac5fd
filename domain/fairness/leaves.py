"""What a leaf of a Merkle log says, byte for byte.

Every leaf begins with two letters that name what happened, so that an entry can never be passed off
as something else; the letters of all kinds are listed in docs/fairness.md.
"""

from collections.abc import Mapping
from struct import Struct
from types import MappingProxyType
from typing import Final
from uuid import UUID

ENTER: Final = b"QE"
"""Somebody joined the line."""

REQUEUE: Final = b"QR"
"""A lapsed admission went back to the end of the line."""

ENTRY_KINDS: Final[Mapping[str, bytes]] = MappingProxyType({"enter": ENTER, "requeue": REQUEUE})
"""The letters of a leaf by the word that a published entry uses for it."""

MAX_TICKET: Final = 2**64 - 1

_ENTRY: Final = Struct(">2sQ16sQ")


def entry_leaf(kind: bytes, ticket: int, participation_id: UUID, received_at: int) -> bytes:
    """Write the 34 bytes of a queue entry's leaf: kind, ticket, participation, instant.

    `kind` is `ENTER` or `REQUEUE`, `ticket` the dense number of the entry from 0, `received_at` the
    instant in microseconds since 1970-01-01T00:00:00Z. Integers are unsigned, 8 bytes, big-endian.
    Raises struct.error when one of them does not fit.
    """
    return _ENTRY.pack(kind, ticket, participation_id.bytes, received_at)
