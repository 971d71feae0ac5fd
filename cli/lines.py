"""Lists in aligned columns that are never cut: ids are there to be copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import typer


def show(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings."""
    lines = [tuple(headings), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def moment(at: datetime | None) -> str:
    """A moment, to the minute, in UTC; nothing for none."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
