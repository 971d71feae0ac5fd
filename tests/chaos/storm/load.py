"""The load of a storm: halls, their queues, the people who come and the organizers who meddle."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from random import Random
from typing import Any
from uuid import UUID

from tests.chaos.storm.book import Book
from tests.chaos.storm.entrants import STORIES as ENTRANTS
from tests.chaos.storm.entrants import Entrant
from tests.chaos.storm.ground import Ground
from tests.chaos.storm.people import STORIES, Person
from tests.chaos.storm.places import Hall, furnish, hall_of, later, make_queue
from tests.chaos.storm.raffles import Raffle, arrivals, make_draw, raffles_of
from tests.chaos.storm.staff import DUTIES, pauses_draws
from tests.support.caller import organizer

PATIENCE_SECONDS = 8.0
PACE_SECONDS = 0.08
OPENINGS = (4.0, 9.0, 15.0)
"""When queues open by themselves, in seconds from the beginning."""
DOOR: dict[str, Any] = {"capacity": 15, "maxActiveGrants": 4, "admissionExpirationSeconds": 7200}
LAPSING: dict[str, Any] = {
    "admissionExpirationSeconds": 2, "completionGraceSeconds": 0, "onExpiry": "requeue", "requeueLimit": 1,
    "maxActiveGrants": 8,
}  # fmt: skip


@dataclass(slots=True)
class Load:
    """Two organizations in both their modes, and everybody who comes to them."""

    seed: int
    book: Book
    halls: list[Hall]
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    people: int = 0
    broken: list[str] = field(default_factory=list)
    raffles: list[tuple[Hall, Raffle]] = field(default_factory=list)
    entrants: list[Entrant] = field(default_factory=list)

    async def furnishes(self, seconds: float) -> None:
        """Make the launches, queues and draws of a storm of so many seconds, before anything goes wrong."""
        for hall in self.halls:
            hall.experience = await furnish(hall)
        harbour, cellar, barn, loft = self.halls
        await make_queue(harbour, "door", **DOOR)
        await make_queue(barn, "door", **DOOR)
        await make_queue(cellar, "lapsing", **LAPSING)
        for number, opens_in in enumerate(OPENINGS):
            hall = (harbour, barn)[number % 2]
            opens = later(hall.ahead, opens_in)
            await make_queue(hall, f"opening {number}", openAt=opens, maxAdmissions=15)
        self.raffles = list(zip((cellar, loft, cellar), raffles_of(seconds), strict=True))
        for hall, raffle in self.raffles:
            await make_draw(hall, raffle)

    async def runs(self, seconds: float) -> None:
        """People come and organizers meddle for so long; return when everybody has gone home."""
        async with asyncio.TaskGroup() as everybody:
            for hall in (self.halls[0], self.halls[2]):
                for duty in DUTIES:
                    everybody.create_task(self._lived(duty.__name__, duty(hall, self.closing)))
            for hall in (self.halls[1], self.halls[3]):
                everybody.create_task(self._lived(pauses_draws.__name__, pauses_draws(hall, self.closing)))
            for hall, raffle in self.raffles:
                everybody.create_task(self._lived("the entrants", self._enters(everybody, hall, raffle)))
            await self._comes(everybody, seconds)
            self.closing.set()

    async def calls_last(self) -> None:
        """Everybody has gone home, and faults may have outlasted them: one more call of each hall shows that it is answered."""
        async with asyncio.TaskGroup() as everybody:
            for hall in self.halls:
                everybody.create_task(self._lived("the last call", furnish(hall)))

    async def looks_last(self) -> None:
        """When all is quiet every entrant looks once more."""
        async with asyncio.TaskGroup() as everybody:
            for entrant in self.entrants:
                everybody.create_task(self._lived("the last look", entrant.looks_last()))

    async def _enters(self, everybody: asyncio.TaskGroup, hall: Hall, raffle: Raffle) -> None:
        dice, began = Random(f"{raffle.name} {self.seed}"), asyncio.get_running_loop().time()
        for at in arrivals(raffle, dice):
            await asyncio.sleep(max(0.0, began + at - asyncio.get_running_loop().time()))
            number = len(self.entrants)
            entrant = Entrant(number, hall, UUID(hall.draws[raffle.name]["id"]), self.closing)
            self.entrants.append(entrant)
            story = ENTRANTS[dice.randrange(len(ENTRANTS))]
            everybody.create_task(self._lived(f"{story.__name__} of {raffle.name}", story(entrant)))
            self.people += 1

    async def _comes(self, everybody: asyncio.TaskGroup, seconds: float) -> None:
        dice, doors = Random(f"load {self.seed}"), cycle(self._doors())
        until = asyncio.get_running_loop().time() + seconds
        for number in count():
            if asyncio.get_running_loop().time() >= until:
                return
            hall, sort, queue_id = next(doors)
            person = Person(number, hall, queue_id, self.closing)
            story = dice.choice(STORIES[sort])
            everybody.create_task(self._lived(story.__name__, story(person)))
            self.people += 1
            await asyncio.sleep(PACE_SECONDS * dice.uniform(0.5, 1.5))

    async def _lived(self, name: str, story: Coroutine[Any, Any, object]) -> None:
        """Live a story to its end; one that cannot go on is told at the end, and fails the run."""
        try:
            await story
        except Exception as broken:  # noqa: BLE001 (whatever it is, the others go on)
            where = traceback.extract_tb(broken.__traceback__)[-1]
            self.broken.append(f"{name} could not go on: {broken!r} in {where.name}, line {where.lineno}")

    def _doors(self) -> Iterator[tuple[Hall, str, UUID]]:
        """Every queue; the doors twice as often as the others."""
        every = [(hall, name.split()[0], UUID(made["id"])) for hall in self.halls for name, made in hall.queues.items()]
        return iter([*every, *(one for one in every if one[1] == "door")])


@asynccontextmanager
async def load_on(ground: Ground, seed: int) -> AsyncIterator[Load]:
    """A load on an installation, from organizations of its own."""
    urls = ground.system.urls
    harbour, barn = await asyncio.to_thread(ground.found), await asyncio.to_thread(ground.found)
    book = Book(ground.system.secrets.gateway_secret.encode())
    async with (
        organizer(urls, harbour, patience=PATIENCE_SECONDS) as one,
        organizer(urls, barn, patience=PATIENCE_SECONDS) as other,
    ):
        cellar, loft = one.in_test_mode(), other.in_test_mode()
        named = (("harbour", one), ("cellar", cellar), ("barn", other), ("loft", loft))
        halls = [hall_of(ground, name, book, hall) for name, hall in named]
        yield Load(seed, book, halls)
