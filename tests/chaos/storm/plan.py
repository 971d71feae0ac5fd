"""What goes wrong and when: one seed is one schedule. Nothing here touches anything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

FIRST_AFTER = 2.0
SHORTEST_GAP, LONGEST_GAP = 0.7, 1.5
LONG_RUN = 60.0
LONG_STOPS = (17.0, 20.0)
"""Seconds of a stop that outlives every lease and a heartbeat of the bell (15 s); only runs of a minute and more have time."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of fault: what it may hit, and for how many seconds. One that is `long` comes in long runs alone."""

    name: str
    targets: tuple[str, ...]
    shortest: float = 0.0
    longest: float = 0.0
    long: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come, `at` seconds after the beginning, for so many `seconds`. `dice` is the seed of its own whims."""

    at: float
    name: str
    target: str
    seconds: float
    dice: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule of faults."""

    seed: int
    duration: float
    faults: tuple[Planned, ...]


def plan_of(seed: int, duration: float, sorts: Sequence[Sort]) -> Plan:
    """The schedule of a seed. Every sort comes once before any comes again, in an order that the seed shuffles."""
    dice = Random(f"storm {seed}")
    faults, at = list[Planned](), FIRST_AFTER
    for sort in _dealt(dice, among(sorts, duration)):
        if at >= duration:
            break
        seconds = round(dice.uniform(sort.shortest, sort.longest), 3)
        faults.append(Planned(round(at, 3), sort.name, dice.choice(sort.targets), seconds, _seed(dice)))
        at += dice.uniform(SHORTEST_GAP, LONGEST_GAP)
    return Plan(seed, duration, tuple(faults))


def beside(plan: Plan, aimed: Iterable[Planned]) -> Plan:
    """A schedule with more faults, which are aimed at moments that somebody knows."""
    return replace(plan, faults=tuple(sorted((*plan.faults, *aimed), key=lambda one: one.at)))


def among(sorts: Sequence[Sort], duration: float) -> Sequence[Sort]:
    """The sorts for which a run has time."""
    return [sort for sort in sorts if duration >= LONG_RUN or not sort.long]


def _dealt(dice: Random, sorts: Sequence[Sort]) -> Iterator[Sort]:
    while sorts:
        yield from dice.sample(sorts, len(sorts))


def _seed(dice: Random) -> int:
    return dice.getrandbits(32)
