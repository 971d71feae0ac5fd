"""The one order of a cohort: who is first, second, third, recomputed from the seed and the count.

Nothing of it is stored. Tickets and ranks both run from 0; rank 0 is next. Up to 65,536 people the order
is a sorted list of keyed digests; beyond, a keyed bijection.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from domain.fairness.cohort import CohortOrder, OrderName
from domain.fairness.keyed import keyed_digest
from domain.fairness.permutation import PERMUTATION, permuted_order

RANK: Final = "drumroll-rank/1"
RANKED_LIMIT: Final = 65_536
"""The largest queue cohort whose order is a sorted list."""


class RankedOrder(CohortOrder):
    """`drumroll-rank/1`: tickets by ascending HMAC-SHA-256(seed, ticket), equal digests by ticket.

    Holds two numbers of 2 bytes per ticket (4 bytes beyond 65,536 tickets).
    """

    __slots__ = ("_ranks", "_tickets")

    def __init__(self, seed: bytes, count: int) -> None:
        """Sort all tickets; about a microsecond each."""
        super().__init__(count)
        digest = keyed_digest(seed)
        digests = [digest(ticket.to_bytes(8, "big")) for ticket in range(count)]
        width = "H" if count <= RANKED_LIMIT else "I"
        self._tickets = array(width, by_digest(digests))
        self._ranks = array(width, bytes(self._tickets.itemsize * count))
        for rank, ticket in enumerate(self._tickets):
            self._ranks[ticket] = rank

    def rank_of(self, ticket: int) -> int:
        """Return the rank that this ticket drew."""
        return self._ranks[self._within(ticket)]

    def ticket_at(self, rank: int) -> int:
        """Return the ticket that drew this rank."""
        return self._tickets[self._within(rank)]


def ranked_order(seed: bytes, count: int) -> CohortOrder:
    """Order by sorted digests, for any count; memory and time grow with it."""
    return RankedOrder(seed, count)


def by_digest(digests: Sequence[bytes]) -> list[int]:
    """Sort the tickets by their digests, each ticket's at its index; equal digests go by ticket."""
    return sorted(range(len(digests)), key=digests.__getitem__)  # Because the sort is stable, ties are in order.


def permutation_name(count: int) -> OrderName:
    """Name the order that a queue cohort of this size has."""
    return RANK if count <= RANKED_LIMIT else PERMUTATION


@lru_cache(maxsize=64)
def cohort_order(seed: bytes, count: int) -> CohortOrder:
    """Return the order of a queue cohort, by sorted digests up to 65,536 people and by bijection beyond.

    The last 64 orders are kept, because every look at a position asks for one. Raises ValueError beyond 2^32.
    """
    return ranked_order(seed, count) if count <= RANKED_LIMIT else permuted_order(seed, count)
