"""Clients that call one queue over HTTP, at several gateways, and write down what they saw and when."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.support.caller import ADMIN, CONSUMER, LOST, Answer, Organizer, until
from tests.support.linearizability import UNKNOWN, Operation
from tests.support.queue_as_seen import Ask, Told

CALLS = ("enter", "enter", "leave", "admit", "complete")
PACE_SECONDS = 0.02
WAIT = {"Prefer": "wait=2"}
NOT_RECORDED = frozenset({"503 OVERLOADED", "429 RATE_LIMITED"})


@dataclass(slots=True)
class Watchers:
    """Clients of one queue whose service is paused. `people` are access tokens by consumer id.

    `seen` holds each call with the participation that its answer named.
    """

    hall: Organizer
    queue: Mapping[str, Any]
    people: Mapping[str, str]
    seen: list[tuple[Operation, str | None]] = field(default_factory=list)

    async def live(self, client: int, calls: int) -> None:
        """One client's calls, one after the other, at one gateway or the other."""
        random = Random(client)
        for _ in range(calls):
            call, person = random.choice(CALLS), random.choice(list(self.people))
            ask = Ask(person, order=f"{person}-{random.randrange(3)}" if call == "complete" else None)
            begin, answer = time.monotonic(), await self._asked(call, ask, random.randrange(len(self.hall.urls)))
            if answer is None or answer.told not in NOT_RECORDED:
                self._note(Operation(client, call, ask, begin), answer)
            await asyncio.sleep(PACE_SECONDS)

    async def history(self) -> list[Operation]:
        """All that was seen, and at its end the list that the organizer sees, which tells everybody's ticket."""
        begin, places = time.monotonic(), await self._listed()
        tickets = {place["participationId"]: ticket for ticket, place in enumerate(places)}
        told = [
            one if place is None else replace(one, answer=one.answer._replace(ticket=tickets[place]))
            for one, place in self.seen
        ]
        shown = tuple((place["consumerId"], place["status"]) for place in places)
        return [*told, Operation("organizer", "list", None, begin, time.monotonic(), shown)]

    async def reached(self, more: int) -> None:
        """Return when so many more calls were answered."""
        wanted = len(self.seen) + more
        await until(lambda: len(self.seen) >= wanted, 60)

    async def _asked(self, call: str, ask: Ask, at: int) -> Answer | None:
        path, hall = f"/queues/{self.queue['id']}/{call}", self.hall
        try:
            if call in {"enter", "leave"}:
                headers = hall.as_person(self.people[ask.person]) | WAIT
                return await hall.call("POST", CONSUMER + path, {}, headers, at)
            body = {"consumerId": ask.person} | ({"orderId": ask.order} if ask.order else {})
            return await hall.call("POST", ADMIN + path, body, hall.as_server | WAIT, at)
        except LOST:
            return None

    def _note(self, operation: Operation, answer: Answer | None) -> None:
        """Nobody follows what was accepted only: its outcome stays unknown, like that of a call without an answer."""
        if answer is None or answer.status in {202, 503}:
            self.seen.append((operation, None))
            return
        assert answer.status in {200, 404, 409}, answer
        told = Told(answer.body["status"] if answer.status == 200 else answer.body["code"])
        place = answer.body.get("participationId") if answer.status == 200 else None
        self.seen.append((replace(operation, end=time.monotonic(), answer=told), place))

    async def _listed(self) -> list[Any]:
        places, path = list[Any](), f"/queues/{self.queue['id']}/consumers?sortDir=asc&after=&per_page=100"
        while path:
            page = await self.hall.insist("GET", ADMIN + path, None, self.hall.as_server)
            assert page.status == 200, page.body
            places += page.body["data"]
            link = page.body["pagination"]["next"]
            path = f"/queues/{self.queue['id']}/consumers?{link.partition('?')[2]}" if link else ""
        return places

    @property
    def unknown(self) -> int:
        """Of how many calls nobody knows what became of them."""
        return sum(one.answer is UNKNOWN for one, _ in self.seen)
