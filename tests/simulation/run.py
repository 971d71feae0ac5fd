"""One seed, one world: built, troubled, calmed, and looked at when it rests."""

from collections import Counter
from dataclasses import dataclass

from tests.simulation.house import House, Plan
from tests.simulation.world import Unfinished, Violation, World

TROUBLED, LONGEST = 6.0, 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a seed ended: `failure` says what did not hold, None when everything did."""

    seed: int
    hash: str
    steps: int
    counts: Counter[str]
    failure: str | None
    trace: list[str] | None


def run(seed: int, plan: Plan | None = None, *, trace: bool = False) -> Ended:
    """Run the world of a seed to its rest. The same seed and plan do the same, step by step."""
    world = World(seed, trace=trace)
    failure = None
    try:
        _live(world, House(world, plan or Plan()))
    except (Violation, Exception) as broken:  # noqa: BLE001 (whatever ends a world is what is to be known of its seed)
        failure = f"{type(broken).__name__}: {broken}"[:500]
        world.note("world", failure)
    world.bury()
    return Ended(seed, world.hash, world.steps, world.counts, failure, world.trace)


def _live(world: World, house: House) -> None:
    house.open()
    house.trouble(TROUBLED)
    over = False

    def calm() -> None:
        nonlocal over
        over = True
        house.calm_down()

    def rested() -> bool:
        if world.now > LONGEST:
            raise Unfinished("nothing rests: " + house.unrest())
        return over and house.at_rest()

    world.at(TROUBLED, calm)
    world.run(rested)
    world.counts["commands"] += len(house.outside.asked)
    house.check()
