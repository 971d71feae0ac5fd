"""A rush with known answers: people who enter, leave and buy over HTTP while something goes wrong, and what became of them.

Everybody sends every call again under the same Idempotency-Key until there is a final answer. So in the end everything is
known, and the ledger must hold exactly that: every call has one effect, and every effect was called for.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.caller import CONSUMER, Answer, Organizer, strong_key, until
from tests.support.installation import Grounds

LEAST, MOST = 100, 1_000
PACE_SECONDS = 0.03
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 60.0
_TOLD = {f"queue.consumer.{what}" for what in ("entered", "left", "completed", "denied")}


@dataclass(slots=True)
class Person:
    """One person's story. `told` counts the participations that answers named, `consumer_id` is who they say it is.

    `came` is when the first enter was sent, `knew` when the first answer to one was there: monotonic seconds.
    """

    number: int
    key: str = field(default_factory=strong_key)
    told: Counter[str] = field(default_factory=Counter)
    consumer_id: str = ""
    token: str = ""
    status: str = ""
    came: float = 0.0
    knew: float = 0.0

    @property
    def leaves(self) -> bool:
        """Every third thinks better of it."""
        return self.number % 3 == 0

    @property
    def twice(self) -> bool:
        """Every fifth presses twice, at two gateways."""
        return self.number % 5 == 0

    @property
    def order_id(self) -> str:
        """What a buyer's order is called."""
        return f"order-{self.key[:12]}"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the end of the fault to the next answer, and to the last answer of a call that was under way."""

    first_answer: float
    last_straggler: float


class Rush:
    """People who come to one queue, one after the other, until the fault is over."""

    def __init__(self, hall: Organizer, queue: Mapping[str, Any]) -> None:
        self.hall, self.queue = hall, queue
        self.people: list[Person] = []
        self.done = 0
        self._answered: list[tuple[float, float]] = []
        self._over = asyncio.Event()

    async def through(self, fault: Callable[["Rush"], Awaitable[None]]) -> Recovery:
        """Let people come, let the fault happen in their midst, and return when everybody has the last answer."""
        ended = 0.0
        async with asyncio.timeout(80), asyncio.TaskGroup() as crowd:
            crowd.create_task(self._arrivals(crowd))
            await self.reached(LEAST // 4)
            await fault(self)
            ended = time.monotonic()
            self._over.set()
        return self._recovery(ended)

    async def reached(self, more: int) -> None:
        """Return when so many more people are through."""
        wanted = self.done + more
        await until(lambda: self.done >= wanted, PATIENCE_SECONDS)

    def answered_after(self, moment: float) -> float:
        """Seconds from this moment to the first answer of a call that was sent after it; infinity while there is none."""
        return min((answered - moment for began, answered in self._answered if began > moment), default=math.inf)

    async def _arrivals(self, crowd: asyncio.TaskGroup) -> None:
        while len(self.people) < MOST and not (self._over.is_set() and len(self.people) >= LEAST):
            self.people.append(Person(len(self.people)))
            crowd.create_task(self._lives(self.people[-1]))
            await asyncio.sleep(PACE_SECONDS)

    async def _lives(self, person: Person) -> None:
        await asyncio.gather(*(self._enters(person, at) for at in ((0, 1) if person.twice else (person.number,))))
        if person.leaves:
            await self._leaves(person)
        else:
            await self._buys(person)
        self.done += 1

    async def _enters(self, person: Person, at: int) -> None:
        headers = self.hall.as_visitor | {"Idempotency-Key": person.key}
        person.came = person.came or time.monotonic()
        told = await self._told(person, await self._insist("enter", headers, at=at))
        person.knew = person.knew or time.monotonic()
        person.consumer_id, person.token = told["consumerId"], told["accessToken"]
        person.told[told["participationId"]] += 1

    async def _leaves(self, person: Person) -> None:
        headers = self.hall.as_person(person.token) | {"Idempotency-Key": person.key}
        await self._told(person, await self._insist("leave", headers, at=person.number))

    async def _buys(self, person: Person) -> None:
        grant = ""
        while not grant:
            path = f"{CONSUMER}/queues/{self.queue['id']}/status"
            looked = await self.hall.insist("GET", path, None, self.hall.as_person(person.token), person.number)
            assert looked.status == 200, looked.body
            grant = looked.body.get("admissionGrant", "")
            await asyncio.sleep(0 if grant else LOOK_SECONDS)
        headers = self.hall.as_server | {"Idempotency-Key": person.key}
        body = {"admissionGrant": grant, "orderId": person.order_id}
        await self._told(person, await self._insist("complete", headers, body, at=person.number))

    async def _insist(self, verb: str, headers: Mapping[str, str], body: object = None, *, at: int) -> Answer:
        began = time.monotonic()
        path = f"{CONSUMER}/queues/{self.queue['id']}/{verb}"
        answer = await self.hall.insist("POST", path, body or {}, headers, at)
        self._answered.append((began, time.monotonic()))
        return answer

    async def _told(self, person: Person, answer: Answer) -> Any:
        assert answer.status == 200, answer
        person.status = answer.body["status"]
        return answer.body

    def _recovery(self, ended: float) -> Recovery:
        after = [answered - ended for _, answered in self._answered if answered > ended]
        under_way = [answered - ended for began, answered in self._answered if began < ended < answered]
        return Recovery(min(after), max(under_way, default=0.0))


def assert_exactly_once(grounds: Grounds, rush: Rush) -> None:
    """Every call that was answered has one effect, nothing else has happened, and the counts agree."""
    entries = grounds.rows(
        "SELECT id, consumer_id, status, ticket, order_id FROM queue_entry WHERE queue_id = %s ORDER BY ticket",
        rush.queue["id"],
    )
    assert_one_place_each(rush, entries)
    assert_events_called_for(grounds, rush)
    are = Counter(entry.status for entry in entries)
    line = grounds.rows("SELECT tickets, waiting, inside, completed FROM queue WHERE id = %s", rush.queue["id"])[0]
    assert tuple(line) == (len(rush.people), are["QUEUED"], are["GRANTED"], are["COMPLETED"])
    assert are["QUEUED"] == are["GRANTED"] == 0
    assert not [told for told in rush.hall.seen if told.startswith("500")], rush.hall.seen


def assert_one_place_each(rush: Rush, entries: Any) -> None:
    """Whoever was told of a place has it, alone, as it was told last; and there is no place that nobody was told of."""
    assert all(len(person.told) == 1 for person in rush.people)
    told = {
        (next(iter(person.told)), person.consumer_id, person.status, None if person.leaves else person.order_id)
        for person in rush.people
    }
    kept = [(str(entry.id), str(entry.consumer_id), entry.status, entry.order_id) for entry in entries]
    assert Counter(kept) == Counter(told)
    assert [entry.ticket for entry in entries] == list(range(len(rush.people)))


def assert_events_called_for(grounds: Grounds, rush: Rush) -> None:
    """The journal tells each person's story once, and every command that made a place has its outcome."""
    pages = grounds.rows("SELECT command_ids, replies, events FROM journal WHERE aggregate_id = %s", rush.queue["id"])
    happened = Counter((event["type"], event.get("consumerId")) for page in pages for event in page.events)
    happened = Counter({what: times for what, times in happened.items() if what[0] in _TOLD})
    wanted = Counter[tuple[str, str | None]]()
    for person in rush.people:
        ends = "queue.consumer.left" if person.leaves else "queue.consumer.completed"
        wanted.update([("queue.consumer.entered", person.consumer_id), (ends, person.consumer_id)])
    assert happened == wanted
    decided = {command_id for page in pages for command_id in page.command_ids}
    assert {next(iter(person.told)) for person in rush.people} <= {str(one) for one in decided}
    assert all(len(page.command_ids) == len(page.replies) for page in pages)
