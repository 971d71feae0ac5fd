"""The draws of a storm: when each closes, is drawn and ends, and who comes to it.

They are held in test mode, because grants live a minute at least in the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from domain.draw import commands as c
from tests.chaos.storm.book import Wish
from tests.chaos.storm.entrants import MOST_PEOPLE, MOST_TICKETS
from tests.chaos.storm.ground import SELECTING
from tests.chaos.storm.places import Hall, later
from tests.chaos.storm.plan import Planned
from tests.support.caller import ADMIN

ENTRANTS = 26
CLOSINGS = (0.15, 0.3, 0.55)
"""When draws close, in shares of the storm."""
SOONEST, DRAWN_AFTER, LONGEST = 2.5, 0.5, 60.0
SHOT, SHOT_WITHIN = "worker killed", 0.4
LATE = 0.1
"""The share of entrants who come when it is too late."""
SETTINGS: dict[str, Any] = {
    "winnerCount": 7, "ticketsBy": "entrant", "maxTicketsPerEntry": MOST_TICKETS, "maxPeoplePerEntry": MOST_PEOPLE,
    "admissionExpirationSeconds": 3, "completionGraceSeconds": 0, "onExpiry": "requeue", "requeueLimit": 1,
    "maxQuantityPerConsumer": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Raffle:
    """A draw to be held, in seconds from the beginning."""

    name: str
    closes: float
    drawn: float
    ends: float


def raffles_of(seconds: float) -> list[Raffle]:
    """The draws of a storm of so many seconds; each has a quarter of it for claims, at least four seconds."""
    length, held = min(seconds, LONGEST), list[Raffle]()
    for number, share in enumerate(CLOSINGS):
        drawn = max(SOONEST, share * length) + DRAWN_AFTER
        held.append(Raffle(f"raffle {number}", drawn - DRAWN_AFTER, drawn, drawn + max(4.0, length / 4)))
    return held


def arrivals(raffle: Raffle, dice: Random) -> Iterator[float]:
    """When its entrants come, in seconds from the beginning; the last of them too late."""
    early = [dice.uniform(0.0, raffle.closes - 0.5) for _ in range(int(ENTRANTS * (1 - LATE)))]
    late = [dice.uniform(raffle.closes, raffle.drawn + 1.0) for _ in range(ENTRANTS - len(early))]
    return iter(sorted(early + late))


async def make_draw(hall: Hall, raffle: Raffle) -> None:
    """A draw of this hall; that it is frozen, drawn, selected and ended, each once, are effects of its making."""
    sequence = hall.experience["sequences"][0]["id"]
    dates = {"closeAt": raffle.closes, "drawAt": raffle.drawn, "claimCloseAt": raffle.ends}
    wanted = {"sequenceId": sequence, "name": raffle.name} | SETTINGS
    wanted |= {name: later(hall.ahead, seconds) for name, seconds in dates.items()}
    once = tuple((f"draw.{happens}", "{id}") for happens in ("sealed", "drawn", "selected", "completed"))
    effects = (("distribution.changed", "{id} created"), *once)
    made = await hall.asked(Wish("create draw", "POST", f"{ADMIN}/draws", UUID(sequence), wanted, effects))
    assert made.succeeded, made
    hall.draws[raffle.name] = made.body


def aimed(seed: int, seconds: float) -> list[Planned]:
    """Shots at those who draw: while each draw of a storm is drawn, one of the workers of its topic is killed."""
    dice = Random(f"aim {seed}")
    return [
        Planned(round(raffle.drawn + dice.uniform(0.0, SHOT_WITHIN), 3), SHOT, dice.choice(SELECTING), 0.0, 0)
        for raffle in raffles_of(seconds) if raffle.drawn < seconds
    ]  # fmt: skip


def pausing(draw_id: UUID) -> Wish:
    """Hold the drawing and promotions back."""
    effects = (("distribution.changed", f"{draw_id} paused"),)
    means = c.PauseDraw(draw_id=draw_id)
    path = f"{ADMIN}/draws/{draw_id}/pause"
    return Wish("pause draw", "POST", path, draw_id, {}, effects, means=lambda _: means)


def resuming(draw_id: UUID) -> Wish:
    """Go on."""
    effects = (("distribution.changed", f"{draw_id} resumed"),)
    means = c.ResumeDraw(draw_id=draw_id)
    path = f"{ADMIN}/draws/{draw_id}/resume"
    return Wish("resume draw", "POST", path, draw_id, {}, effects, means=lambda _: means)
