"""The order of a large cohort: a keyed bijection, evaluated for one person at a time.

Opening a line of a million is one write, because nothing has to be sorted or stored. The construction is
specified in docs/fairness.md.
"""

from array import array
from math import isqrt
from typing import Final

from domain.fairness.cohort import CohortOrder
from domain.fairness.keyed import keyed_digest

PERMUTATION: Final = "drumroll-permutation/1"
ROUNDS: Final = 12

_ROUND_TAG: Final = PERMUTATION.encode() + b"\x00"


class PermutedOrder(CohortOrder):
    """`drumroll-permutation/1`: a modular Feistel network on Z_a x Z_b with cycle walking.

    Costs nothing to make. There are only 6 (a + b) round values, 12,000 for a million tickets; each is computed
    when first needed and kept in 4 bytes, so that evaluation soon costs additions only.
    """

    __slots__ = ("_digest", "_left", "_right", "_shifts")

    def __init__(self, seed: bytes, count: int) -> None:
        """Lay out the smallest near-square that holds all tickets."""
        super().__init__(count)
        self._digest = keyed_digest(seed)
        self._left = isqrt(max(count - 1, 0)) + 1
        self._right = -(-count // self._left)
        sides = (self._right, self._left) * (ROUNDS // 2)
        self._shifts = [array("I", (0,)) * side for side in sides]

    def rank_of(self, ticket: int) -> int:
        """Return the rank that this ticket drew."""
        rank = self._forward(self._within(ticket))
        while rank >= self.count:
            rank = self._forward(rank)
        return rank

    def ticket_at(self, rank: int) -> int:
        """Return the ticket that drew this rank."""
        ticket = self._backward(self._within(rank))
        while ticket >= self.count:
            ticket = self._backward(ticket)
        return ticket

    def _forward(self, place: int) -> int:
        left, right = divmod(place, self._right)
        for step in range(0, ROUNDS, 2):
            left = (left + (self._shifts[step][right] or self._shift(step, right))) % self._left
            right = (right + (self._shifts[step + 1][left] or self._shift(step + 1, left))) % self._right
        return left * self._right + right

    def _backward(self, place: int) -> int:
        left, right = divmod(place, self._right)
        for step in range(ROUNDS - 2, -1, -2):
            right = (right - (self._shifts[step + 1][left] or self._shift(step + 1, left))) % self._right
            left = (left - (self._shifts[step][right] or self._shift(step, right))) % self._left
        return left * self._right + right

    def _shift(self, step: int, half: int) -> int:
        """How far this round moves one side, given the other; 0 is kept as a full turn, because 0 means unknown."""
        modulus = self._right if step % 2 else self._left
        digest = self._digest(_ROUND_TAG + step.to_bytes(1, "big") + half.to_bytes(8, "big"))
        shift = int.from_bytes(digest, "big") % modulus or modulus
        self._shifts[step][half] = shift
        return shift


def permuted_order(seed: bytes, count: int) -> CohortOrder:
    """Order by keyed bijection, for any count; cohorts use it beyond 65,536 only."""
    return PermutedOrder(seed, count)
