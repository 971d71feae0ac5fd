"""One row from a database, for benchmarks that ask small questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg


def one_row(connection: psycopg.Connection[Any], query: bytes, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The first row that `query` finds; raises LookupError when it finds none."""
    row: tuple[Any, ...] | None = connection.execute(query, parameters).fetchone()
    if row is None:
        raise LookupError(query.decode())
    return row
