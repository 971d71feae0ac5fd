"""What chance may do: fixed seeds, and how far counts may be from what is expected of them."""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from math import sqrt
from typing import Any

ONE_IN_TEN_THOUSAND = 3.719
"""The standard score that chance exceeds once in 10,000 times."""


def seed_of(number: int) -> bytes:
    """A fixed seed for each number."""
    return sha256(b"a seed of the tests" + number.to_bytes(4, "big")).digest()


def critical(freedom: int) -> float:
    """The chi-square value that chance exceeds once in 10,000 times (Wilson and Hilferty, 1931)."""
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + ONE_IN_TEN_THOUSAND * sqrt(spread)) ** 3)


def chi_square(seen: Counter[Any], cells: int) -> float:
    """How far the counts are from all cells being equally likely."""
    expected = seen.total() / cells
    return sum((count - expected) ** 2 for count in seen.values()) / expected + (cells - len(seen)) * expected


def chi_square_of(seen: Counter[Any], likely: Mapping[Any, float]) -> float:
    """How far the counts are from cells of these probabilities."""
    total = seen.total()
    return sum((seen[cell] - total * share) ** 2 / (total * share) for cell, share in likely.items())
