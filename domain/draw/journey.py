"""The way of a person through a draw, as pages show it."""

from __future__ import annotations

from typing import Final

from domain.distribution.journey import Words

NEVER: Final = "NOT_ENTERED"
WORDS: Final = Words(
    NEVER, "ENTERED", "WON", {"ADMISSION_EXPIRED": "expired", "DRAW_CLOSED": "closed", "NOT_SELECTED": "lost"}
)
