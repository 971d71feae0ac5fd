"""What the draw of a launch is to be: how many places, what an entry may ask for, and when it takes place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli.crowd.plan import CrowdPlan
from domain.times import iso

MOST_TICKETS, MOST_PEOPLE = 2, 2
SHARE, MOST_ENTRANTS = 0.7, 300
"""Of those who did not get in so many try their luck; a bound, because a draw at the end must not keep everybody waiting."""

LATER = timedelta(hours=1)
"""When the draw opens as it is announced; it is brought forward once the line has been served."""

HELD_AFTER = timedelta(seconds=0.5)
"""Between closing and drawing."""

SHORTEST_OPEN = 2.5
ENTERS_PER_SECOND = 120
CLAIM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class AnnouncedDraw:
    """A draw that was made with the launch; `at` on the server's clock and `watch` on the stopwatch are the same moment."""

    draw_id: str
    at: datetime
    watch: float

    def server_time(self, watch: float) -> datetime:
        """A moment of the stopwatch on the server's clock."""
        return self.at + timedelta(seconds=watch - self.watch)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a draw that is brought forward opens and how many seconds it takes entries."""

    opens_at: datetime
    seconds: float

    @property
    def drawn_after(self) -> float:
        """Seconds from the opening to the draw."""
        return self.seconds + HELD_AFTER.total_seconds()

    def changes(self) -> dict[str, Any]:
        """The settings that say so."""
        closes_at = self.opens_at + timedelta(seconds=self.seconds)
        return {"openAt": iso(self.opens_at), "closeAt": iso(closes_at), "drawAt": iso(closes_at + HELD_AFTER)}


def places_for(people: int) -> int:
    """A place for every sixty of the crowd within bounds, so that more enter than can win."""
    return min(MOST_ENTRANTS // 4, max(2, people // 60))


def entrants_of(outside: int) -> int:
    """How many of those who did not get in try their luck."""
    return min(MOST_ENTRANTS, round(SHARE * outside))


def open_seconds(entrants: int) -> float:
    """So long that everybody can enter at a calm pace."""
    return max(SHORTEST_OPEN, entrants / ENTERS_PER_SECOND)


def draw_settings(plan: CrowdPlan, sequence_id: str, now: datetime) -> dict[str, Any]:
    """The draw as it is announced, before anybody can enter it; `now` is the server's."""
    return {
        "sequenceId": sequence_id,
        "name": "A draw for those who did not get in",
        "openAt": iso(now + LATER),
        "drawAt": iso(now + 2 * LATER),
        "winnerCount": places_for(plan.people),
        "maxTicketsPerEntry": MOST_TICKETS,
        "ticketsBy": "entrant",
        "maxPeoplePerEntry": MOST_PEOPLE,
        "admissionExpirationSeconds": CLAIM_SECONDS,
    }
