"""What a leaf of a Merkle log says, byte for byte.

Every leaf begins with two letters that name what happened, so that an entry can never be passed off
as something else; the letters of all kinds are listed in docs/fairness.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.fairness.commitment import canonical_json

ENTER: Final = b"QE"
"""Somebody joined the line."""

REQUEUE: Final = b"QR"
"""A lapsed admission went back to the end of the line."""

ENTRY_KINDS: Final[Mapping[str, bytes]] = MappingProxyType({"enter": ENTER, "requeue": REQUEUE})
"""The letters of a leaf by the word that a published entry uses for it."""

DRAW_ENTER: Final = b"DE"
"""Somebody entered a draw."""

DRAW_LEAVE: Final = b"DL"
"""Somebody left a draw before it was frozen."""

DRAW_DENY: Final = b"DD"
"""The organization refused somebody before the draw was frozen."""

EXIT_KINDS: Final[Mapping[str, bytes]] = MappingProxyType({"leave": DRAW_LEAVE, "deny": DRAW_DENY})
"""The letters of a leaf that takes an entry out of a draw, by the word that a published leaf uses for it."""

NO_HASH: Final = bytes(32)
"""Stands in a draw entry's leaf where there is no duplicate key, or where there are no preferences."""

MAX_TICKET: Final = 2**64 - 1
MAX_TICKETS: Final = 1_000
"""The most tickets that an entry of a draw can have."""

MAX_PEOPLE: Final = 100
"""The most places that an entry of a draw can ask for."""

_ENTRY: Final = Struct(">2sQ16sQ")
_DRAW_ENTRY: Final = Struct(">2sQQ16sQHH32s32s")
_DRAW_EXIT: Final = Struct(">2s16sQ")


@dataclass(frozen=True, slots=True)
class DrawEntry:
    """What the log says of an entry of a draw.

    `number` is dense from 0, `first_ticket` the sum of the tickets of all entries before it, `received_at` in
    microseconds since 1970-01-01T00:00:00Z, `tickets` 1 to 1000, `people` 1 to 100; two hashes of 32 bytes.
    """

    number: int
    first_ticket: int
    participation_id: UUID
    received_at: int
    tickets: int = 1
    people: int = 1
    duplicate_key: bytes = NO_HASH
    preferences: bytes = NO_HASH


def entry_leaf(kind: bytes, ticket: int, participation_id: UUID, received_at: int) -> bytes:
    """Write the 34 bytes of a queue entry's leaf: kind, ticket, participation, instant.

    `kind` is `ENTER` or `REQUEUE`, `ticket` the dense number of the entry from 0, `received_at` the
    instant in microseconds since 1970-01-01T00:00:00Z. Integers are unsigned, 8 bytes, big-endian.
    Raises struct.error when one of them does not fit.
    """
    return _ENTRY.pack(kind, ticket, participation_id.bytes, received_at)


def draw_entry_leaf(entry: DrawEntry) -> bytes:
    """Write the 110 bytes of a draw entry's leaf, in the order of the entry's fields.

    Integers are unsigned and big-endian: 8 bytes each, tickets and people 2. Raises struct.error when one does not fit.
    """
    return _DRAW_ENTRY.pack(
        DRAW_ENTER,
        entry.number,
        entry.first_ticket,
        entry.participation_id.bytes,
        entry.received_at,
        entry.tickets,
        entry.people,
        entry.duplicate_key,
        entry.preferences,
    )


def draw_exit_leaf(kind: bytes, participation_id: UUID, received_at: int) -> bytes:
    """Write the 26 bytes of the leaf that takes an entry out before the freeze: kind, participation, instant.

    `kind` is `DRAW_LEAVE` or `DRAW_DENY`. Raises struct.error when the instant does not fit.
    """
    return _DRAW_EXIT.pack(kind, participation_id.bytes, received_at)


def preferences_hash(prizes: Sequence[str] | None) -> bytes:
    """Hash the prizes that an entry prefers, best first: SHA-256 of their RFC 8785 form; `NO_HASH` for none."""
    return sha256(canonical_json(list(prizes))).digest() if prizes else NO_HASH
