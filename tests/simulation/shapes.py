"""Rows as the driver gives them: tuples with names."""

from collections import namedtuple
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=256)
def shape(names: str) -> Any:
    """The class of rows with these columns."""
    return namedtuple("Row", names)  # noqa: PYI024 (what psycopg makes too)


Scalar = shape("value")
"""A row of one column."""
