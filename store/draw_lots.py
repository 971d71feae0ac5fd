"""How far the prizes of a draw have come, as it is kept: for each of them, in their order, places taken and turns reached."""

from __future__ import annotations

from collections.abc import Sequence

from domain.draw.state import PrizeLot


def kept_lots(lots: Sequence[PrizeLot]) -> list[list[int]] | None:
    """What is kept of them; nothing for a draw without prizes, or before anybody has won."""
    return [[lot.taken, lot.reached] for lot in lots] or None


def lots_of(kept: Sequence[Sequence[int]] | None) -> tuple[PrizeLot, ...]:
    """What was kept of them."""
    return tuple(PrizeLot(taken, reached) for taken, reached in kept or ())
