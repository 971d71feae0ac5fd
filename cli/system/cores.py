"""Which cores of a machine each process of an installation runs on.

A gateway and those whom it waits for (workers, Postgres, Redis) take turns all the time. Where they may run anywhere, the
kernel wakes one in the place of the other and moves both about: on two cores an enter cost a sixth more processor time
so (docs/performance.md). Apart they keep their caches, and nobody waits for a busy gateway to be moved.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

ANYWHERE: frozenset[int] = frozenset()
"""No core is named: the kernel decides."""


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of each gateway, in their order, and of everything else."""

    gateways: tuple[frozenset[int], ...]
    others: frozenset[int]


def shared_out(available: Collection[int], gateways: int) -> Cores:
    """A core for each gateway and the rest for all others; anywhere, where that would leave none for the others."""
    if not 0 < gateways < len(available):
        return Cores((ANYWHERE,) * gateways, ANYWHERE)
    first, rest = sorted(available)[:gateways], sorted(available)[gateways:]
    return Cores(tuple(frozenset({core}) for core in first), frozenset(rest))


def available() -> frozenset[int]:
    """The cores that this process may use; none are known outside Linux."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else ANYWHERE
