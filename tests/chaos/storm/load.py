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
from tests.chaos.storm.ground import Ground
from tests.chaos.storm.people import STORIES, Person
from tests.chaos.storm.places import Hall, furnish, hall_of, later, make_queue
from tests.chaos.storm.staff import DUTIES
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
    """Two organizations, one of them in both its modes, and everybody who comes to them."""

    seed: int
    book: Book
    halls: list[Hall]
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    people: int = 0
    broken: list[str] = field(default_factory=list)

    async def furnishes(self) -> None:
        """Make the launches and queues, before anything goes wrong."""
        for hall in self.halls:
            hall.experience = await furnish(hall)
        harbour, cellar, barn = self.halls
        await make_queue(harbour, "door", **DOOR)
        await make_queue(barn, "door", **DOOR)
        await make_queue(cellar, "lapsing", **LAPSING)
        for number, seconds in enumerate(OPENINGS):
            hall = (harbour, barn)[number % 2]
            opens = later(hall.ahead, seconds)
            await make_queue(hall, f"opening {number}", openAt=opens, maxAdmissions=15)

    async def runs(self, seconds: float) -> None:
        """People come and organizers meddle for so long; return when everybody has gone home."""
        async with asyncio.TaskGroup() as everybody:
            for hall in (self.halls[0], self.halls[2]):
                for duty in DUTIES:
                    everybody.create_task(self._lived(duty.__name__, duty(hall, self.closing)))
            await self._comes(everybody, seconds)
            self.closing.set()

    async def calls_last(self) -> None:
        """Everybody has gone home, and faults may have outlasted them: one more call of each hall shows that it is answered."""
        async with asyncio.TaskGroup() as everybody:
            for hall in self.halls:
                everybody.create_task(self._lived("the last call", furnish(hall)))

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
        cellar = one.in_test_mode()
        halls = [
            hall_of(ground, name, book, hall) for name, hall in (("harbour", one), ("cellar", cellar), ("barn", other))
        ]
        yield Load(seed, book, halls)
