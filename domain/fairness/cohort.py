"""What every order of a cohort can be asked."""

from abc import ABC, abstractmethod
from typing import Final, Literal, TypeAlias

MAX_COUNT: Final = 2**32
"""The largest number of tickets that an order is defined for."""

OrderName: TypeAlias = Literal["drumroll-rank/1", "drumroll-permutation/1"]
"""How a cohort is ordered, as published."""


class CohortOrder(ABC):
    """A bijection between the tickets and the ranks of a cohort, both 0 to `count` - 1.

    Asking for a ticket or a rank outside raises ValueError.
    """

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        """Make an order of this many tickets, 0 to 2^32."""
        if not 0 <= count <= MAX_COUNT:
            raise ValueError(f"no order is defined for {count} tickets")
        self.count = count

    @abstractmethod
    def rank_of(self, ticket: int) -> int:
        """Return the rank that this ticket drew."""

    @abstractmethod
    def ticket_at(self, rank: int) -> int:
        """Return the ticket that drew this rank."""

    def _within(self, number: int) -> int:
        if not 0 <= number < self.count:
            raise ValueError(f"{number} is outside an order of {self.count}")
        return number
