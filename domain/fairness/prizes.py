"""Prizes of a draw, and the preferences of those who enter it."""

from collections.abc import Container, Sequence
from typing import Annotated, Final

from pydantic import StringConstraints

MAX_PRIZES: Final = 16
PrizeName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def why_not_prizes(prizes: Sequence[tuple[str, int]], places: int, alternates: int | None) -> str | None:
    """Why a draw of so many places cannot have these prizes, each with its name and places; None when it can."""
    if len({name for name, _ in prizes}) < len(prizes):
        return "Every prize has a name of its own."
    in_all = sum(of_prize for _, of_prize in prizes)
    if in_all != places:
        return f"The places of all prizes together are {in_all}, and winnerCount is {places}; they must be the same."
    if alternates is not None:
        return "With prizes alternateCount must be null: everybody can be promoted."
    return None


def why_not_preferred(preferences: Sequence[str] | None, prizes: Container[str] | None) -> str | None:
    """Why these preferences, best first, are none of a draw with these prizes, or without any; None when they are."""
    if prizes is None:
        return None if preferences is None else "This draw has no prizes, so that nothing can be preferred."
    if not preferences:
        return "This draw has prizes: name at least one, the best first."
    if len(set(preferences)) < len(preferences):
        return "Every prize is preferred once."
    unknown = [prize for prize in preferences if prize not in prizes]
    return f"This draw has no prize {unknown[0][:64]!r}." if unknown else None
