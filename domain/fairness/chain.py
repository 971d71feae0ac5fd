"""Chains of hashes: lines that are numbered from 0, of which each names the hash of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from pydantic import JsonValue

from domain.fairness.commitment import MAX_SAFE_INTEGER, canonical_json
from domain.fairness.members import hash_of, instant_of, instant_text, number_of

FRAME: Final = frozenset({"n", "at", "prevHash", "hash"})
"""The members that every line of a chain has."""


class Link(NamedTuple):
    """What makes a line one of a chain: its number, its instant (microseconds since 1970), both hashes in hex."""

    n: int
    at: int
    prev_hash: str
    hash: str

    @classmethod
    def of(cls, line: Mapping[str, object]) -> "Link":
        """Read it from a published line. Raises ValueError naming what is wrong; the hashes are for the caller to compare."""
        return cls(
            number_of(line.get("n"), "n", MAX_SAFE_INTEGER),
            instant_of(line.get("at"), "at"),
            hash_of(line.get("prevHash"), "prevHash"),
            hash_of(line.get("hash"), "hash"),
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """How far a chain has come: the tag of its hashes, its number of lines, the hash of the last.

    While it is empty, `head` is its first link.
    """

    tag: bytes
    size: int
    head: str

    @classmethod
    def opened(cls, tag: bytes, *tied_to: bytes) -> "Chain":
        """Return the empty chain whose first line is tied to these bytes."""
        return cls(tag, 0, sha256(tag + b"".join(tied_to)).hexdigest())

    def append(self, at: int, members: Mapping[str, JsonValue]) -> tuple["Chain", dict[str, JsonValue]]:
        """Return the chain after one more line, and that line as it is published. `at` is in microseconds since 1970."""
        unhashed: dict[str, JsonValue] = {"n": self.size, "at": instant_text(at), **members, "prevHash": self.head}
        own = line_hash(self.tag, unhashed)
        return self.after(own), {**unhashed, "hash": own}

    def after(self, own_hash: str) -> "Chain":
        """Return the chain once a line with this hash stands in it."""
        return Chain(self.tag, self.size + 1, own_hash)

    def fault(self, link: Link, recomputed: str, *, called: str) -> str | None:
        """Say why a line cannot be the next one, if it cannot. `recomputed` is the hash that it must have."""
        if link.n != self.size:
            return f"it says that it is {called} {link.n}: a line before it was dropped, added or moved"
        if link.prev_hash != self.head:
            return "it does not follow on the line before it, which was changed, dropped or moved"
        if link.hash != recomputed:
            return "it was changed, because its hash is not that of what it says"
        return None


def line_hash(tag: bytes, line: Mapping[str, object]) -> str:
    """Hash a line, without its own `hash`: SHA-256 over the tag and its RFC 8785 form, in hex.

    Raises ValueError for what `canonical_json` refuses.
    """
    return sha256(tag + canonical_json({name: line[name] for name in line if name != "hash"})).hexdigest()
