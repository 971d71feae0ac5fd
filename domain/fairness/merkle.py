"""One Merkle log per aggregate, as RFC 9162 section 2.1 defines it, with SHA-256.

The log is held as its frontier: the roots of the perfect subtrees that its leaves form, at most 64
hashes however long it grows. Everything here works on leaf hashes; `leaf_hash` makes them.
The byte layouts are specified in docs/fairness.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

LEAF_TAG: Final = b"drumroll/leaf/1\x00"
"""Opens the input of every leaf, so that no other hash of the platform can pass for a leaf."""

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
MAX_SIZE: Final = 2**64 - 1

_LEAF: Final = b"\x00" + LEAF_TAG
_NODE: Final = b"\x01"
_SIZE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Frontier:
    """The state of a log of `size` leaves: the roots of its perfect subtrees, the largest first.

    Its root depends on the leaves and their order alone, never on how appends were grouped.
    Raises ValueError when the hashes cannot belong to a log of that size.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a frontier that no log can have."""
        if not 0 <= self.size <= MAX_SIZE or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a log of {self.size} leaves cannot have {len(self.hashes)} subtree roots")

    def append(self, leaf: bytes) -> "Frontier":
        """Return the log after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the log after these leaf hashes, in their order; about one node hash per leaf."""
        peaks, size = list(self.hashes), self.size
        for leaf in leaves:
            # Because each trailing one bit of the size is a subtree that now gets its partner.
            node, pairs = leaf, size
            while pairs & 1:
                node = sha256(_NODE + peaks.pop() + node).digest()
                pairs >>= 1
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """Return the tree head, 32 bytes; SHA-256 of nothing for an empty log (RFC 9162, 2.1.1)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for peak in self.hashes[-2::-1]:
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """Write the size as 8 bytes, big-endian, then the hashes; 8 to 2056 bytes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Frontier":
        """Read what `to_bytes` wrote. Raises ValueError when it is anything else."""
        hashes = stored[_SIZE_BYTES:]
        if len(stored) < _SIZE_BYTES or len(hashes) % HASH_BYTES:
            raise ValueError(f"{len(stored)} bytes are not a frontier")
        cuts = range(0, len(hashes), HASH_BYTES)
        size = int.from_bytes(stored[:_SIZE_BYTES], "big")
        return cls(size, tuple(hashes[cut : cut + HASH_BYTES] for cut in cuts))


def leaf_hash(content: bytes) -> bytes:
    """Hash one leaf: SHA-256(0x00, `LEAF_TAG`, content)."""
    return sha256(_LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above them: SHA-256(0x01, left, right)."""
    return sha256(_NODE + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the tree head of a log of these leaf hashes; reads them as a stream."""
    return Frontier().extend(leaves).root()


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of one leaf hash, nearest sibling first (RFC 9162, 2.1.3.1).

    Raises ValueError when the log has no such index.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"a log of {len(leaves)} leaves has no index {index}")
    path, level = [], list(leaves)
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level = _parents(level)
        index >>= 1
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path shows that this leaf hash stands at index under the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, place, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            # A last node without a sibling rises unchanged; the path holds nothing for those levels.
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def sibling_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Which leaves each hash of an audit path covers, first and the one after the last, nearest sibling first.

    The path is that of the leaf at `index` of a log of `size` leaves.
    """
    ranges: list[tuple[int, int]] = []
    place, last, height = index, size - 1, 0
    while last > 0:
        if place & 1:
            ranges.append(((place - 1) << height, place << height))
        elif place != last:
            ranges.append(((place + 1) << height, min((place + 2) << height, size)))
        place, last, height = place >> 1, last >> 1, height + 1
    return ranges


def _parents(level: list[bytes]) -> list[bytes]:
    """Return the level above; an odd last node has no partner and rises as it is."""
    pairs = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return pairs + level[len(pairs) * 2 :]
