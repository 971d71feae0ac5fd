"""Audit paths for the leaves of one batch, made while they are appended.

A receipt is given out with the answer, when only the frontier of the log before is known: that is enough,
because whatever stands left of a new leaf is a peak of that frontier.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.fairness.merkle import Frontier, node_hash


@dataclass(frozen=True, slots=True)
class _Level:
    """The nodes of one height from the index `first` on, which is even; `total` counts those left of it too."""

    first: int
    total: int
    nodes: Sequence[bytes]

    def node(self, index: int) -> bytes:
        return self.nodes[index - self.first]


class BatchTree:
    """A log right after a batch: it knows the paths of the batch's leaves, for about one hash a leaf.

    `before` is the log without the batch, `leaves` the leaf hashes of the batch in their order.
    """

    __slots__ = ("_before", "_levels", "size")

    def __init__(self, before: Frontier, leaves: Sequence[bytes]) -> None:
        """Hash every node that has a leaf of the batch below it, once."""
        self._before = before
        self.size = before.size + len(leaves)
        self._levels = _levels(before, leaves) if leaves else []

    @property
    def root(self) -> bytes:
        """The tree head after the batch."""
        return self._levels[-1].nodes[-1] if self._levels else self._before.root()

    @property
    def frontier(self) -> Frontier:
        """The log after the batch, as `Frontier.extend` gives it."""
        if not self._levels:
            return self._before
        # Because a one bit of the size is a subtree without a partner: the last whole one of its height.
        peaks = [
            level.node((self.size >> height) - 1)
            for height, level in enumerate(self._levels)
            if self.size >> height & 1
        ]
        return Frontier(self.size, tuple(reversed(peaks)))

    def path(self, index: int) -> list[bytes]:
        """Return the audit path of the leaf at this index of the log, nearest sibling first (RFC 9162, 2.1.3.1).

        Raises ValueError when that leaf is not of this batch.
        """
        if not self._before.size <= index < self.size:
            raise ValueError(f"index {index} is not among the leaves {self._before.size} to {self.size - 1}")
        path = []
        for level in self._levels[:-1]:
            if index ^ 1 < level.total:
                path.append(level.node(index ^ 1))
            index >>= 1
        return path


def _levels(before: Frontier, leaves: Sequence[bytes]) -> list[_Level]:
    """Build the levels from the leaves up to the root, each with the peak of the log before that stands left of it."""
    peaks, first, nodes = list(before.hashes), before.size, list(leaves)
    levels: list[_Level] = []
    while True:
        if first & 1:
            # Because an odd number of subtrees of this height was there, the last of them is a peak without a partner.
            first, nodes = first - 1, [peaks.pop(), *nodes]
        total = first + len(nodes)
        levels.append(_Level(first, total, nodes))
        if total == 1:
            return levels
        pairs = [node_hash(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=False)]
        first, nodes = first >> 1, pairs + nodes[len(pairs) * 2 :]
