"""Comparing two systems on one noisy machine: A and B in turn, a ratio per pair, the median of the ratios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The median ratio of A to B with the smallest and the largest, and the medians of A and of B alone.

    The ratio is the median of the pairs' ratios and not the ratio of the medians, because whatever else the
    machine did in those seconds met both halves of one pair alike.
    """

    ratio: float
    low: float
    high: float
    a: float
    b: float
    pairs: int


def interleaved(a: Callable[[], A], b: Callable[[], B], pairs: int) -> list[tuple[A, B]]:
    """Run `a` and `b` in turn, `pairs` times each: A B, B A, A B, ...

    The order alternates, because whoever always goes second would always find the machine warmer.
    """
    found: list[tuple[A, B]] = []
    for turn in range(pairs):
        if turn % 2:
            second = b()
            found.append((a(), second))
        else:
            first = a()
            found.append((first, b()))
    return found


def in_turn(sides: Sequence[Callable[[], A]], rounds: int) -> list[list[A]]:
    """`interleaved` for any number of sides: every other round goes backwards. Results in the order of the sides."""
    found: list[list[A]] = []
    for turn in range(rounds):
        if turn % 2:
            found.append([side() for side in reversed(sides)][::-1])
        else:
            found.append([side() for side in sides])
    return found


def compare(measured: Sequence[tuple[float, float]]) -> Comparison:
    """What the pairs say; there must be at least one, and no B may be 0."""
    ratios = [a / b for a, b in measured]
    return Comparison(
        ratio=median(ratios),
        low=min(ratios),
        high=max(ratios),
        a=median(a for a, _ in measured),
        b=median(b for _, b in measured),
        pairs=len(ratios),
    )
