"""The people of a storm: each lives one story, and knows what it was told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api_gateway.auth import guest_ids
from tests.chaos.storm.book import Asks, Book, Call
from tests.chaos.storm.places import Hall
from tests.support.caller import CONSUMER, strong_key

LOOK_SECONDS = 0.3
ENDED = frozenset({"COMPLETED", "LEFT", "DENIED"})


@dataclass(slots=True)
class Person:
    """Somebody who comes to a queue. `number` decides at which gateway they begin, and who hangs up at first."""

    number: int
    book: Book
    hall: Hall
    queue_id: UUID
    closing: asyncio.Event
    asks: Asks | None = None
    participation: str = ""
    consumer_id: str = ""

    @property
    def hasty(self) -> bool:
        """Every seventh hangs up before the first answer can come."""
        return self.number % 7 == 0

    @property
    def me(self) -> Asks:
        """In whose name they call once they are known."""
        assert self.asks is not None
        return self.asks

    async def enters(self, *, twice: bool = False) -> bool:
        """Join the line, perhaps pressing twice at two gateways; whether there was a place."""
        key, asks = strong_key(), self.asks or self.hall.visitor
        calls = await asyncio.gather(*(self._enters(key, asks, at) for at in range(1 + twice)))
        told = next((one for one in calls if one.succeeded), None)
        if told is not None:
            self.participation, self.consumer_id = told.body["participationId"], told.body["consumerId"]
            self._known_by(told.body)
        return told is not None and told.body["status"] not in ENDED

    async def _enters(self, key: str, asks: Asks, at: int) -> Call:
        return await self._calls(
            "enter", asks=asks, key=key, at=self.number + at, hasty=self.hasty,
            causes=lambda own_id: (("queue.consumer.entered", str(own_id)),),
        )  # fmt: skip

    async def begins_session(self) -> None:
        """Become a guest before entering anything."""
        began = await self.book.call(
            self.hall.calling, self.hall.visitor, ("begin session", "POST", f"{CONSUMER}/auth/guest"), {},
            under=self.hall.calling.made.id, at=self.number, hasty=self.hasty,
            causes=lambda own_id: (("consumer.session.started", str(guest_ids(own_id).consumer_id)),),
        )  # fmt: skip
        assert began.succeeded, began
        self.consumer_id = began.body["session"]["consumerId"]
        self._known_by(began.body)

    async def says_name(self) -> None:
        """Say who they are."""
        await self._own("say name", "PATCH", "/consumers/me", {"fullName": f"Person {self.number}"}, "consumer.updated")

    async def logs_out(self) -> None:
        """End the session."""
        await self._own("log out", "POST", "/auth/logout", {}, "consumer.session.ended")

    async def leaves(self) -> None:
        """Leave the line or give the grant back."""
        await self._calls(
            "leave", asks=self.me, at=self.number, hasty=self.hasty,
            causes=lambda _: (("queue.consumer.left", self.participation),),
            told=lambda answer: answer.body["status"] == "LEFT",
        )  # fmt: skip

    async def waits(self, *, patient: bool = False) -> Mapping[str, Any]:
        """Look until the turn has come, or there is nothing to wait for; the last state. `patient`: also when it is late."""
        while True:
            state = await self.looks()
            if state.get("admissionGrant") or state["status"] in ENDED or (self.closing.is_set() and not patient):
                return state
            await asyncio.sleep(LOOK_SECONDS)

    async def looks(self) -> Mapping[str, Any]:
        """Where they stand. A look is no command: it has no key and no effect but a signature."""
        path = f"{CONSUMER}/queues/{self.queue_id}/status"
        looked = await self.hall.calling.insist("GET", path, None, self.me.headers, self.number)
        assert looked.status == 200, looked
        state: Mapping[str, Any] = looked.body
        return state

    async def validates(self, grant: str) -> None:
        """The shop asks whether the grant is good."""
        await self._calls(
            "validate", {"admissionGrant": grant}, asks=self.hall.server, at=self.number,
            causes=lambda _: (("queue.grant.validated", self.participation),),
            told=lambda answer: bool(answer.body["valid"]),
        )  # fmt: skip

    async def completes(self, **named: str) -> None:
        """The shop has sold: by the grant, or by naming the consumer."""
        order_id = f"order-{self.number}"
        await self._calls(
            "complete", {"orderId": order_id, **named}, asks=self.hall.server, at=self.number, hasty=self.hasty,
            causes=lambda _: (("queue.consumer.completed", f"{self.participation} {order_id}"),),
        )  # fmt: skip

    async def is_let_in(self) -> Call:
        """The organizer lets them in out of turn."""
        return await self._calls(
            "admit", {"consumerId": self.consumer_id}, asks=self.hall.server, at=self.number,
            causes=lambda _: (("queue.consumer.granted", self.participation),),
        )  # fmt: skip

    async def is_denied(self) -> None:
        """The organizer refuses them for good."""
        await self._calls(
            "deny", {"consumerId": self.consumer_id, "reason": "ADMIN_ACTION"}, asks=self.hall.server, at=self.number,
            causes=lambda _: (("queue.consumer.denied", self.participation),),
            told=lambda answer: answer.body["reason"] == "ADMIN_ACTION",
        )  # fmt: skip

    async def _calls(self, verb: str, json: Any = None, *, asks: Asks, **more: Any) -> Call:
        path = f"{CONSUMER}/queues/{self.queue_id}/{verb}"
        asked = (verb, "POST", path)
        return await self.book.call(self.hall.calling, asks, asked, json or {}, under=self.queue_id, **more)

    async def _own(self, what: str, method: str, path: str, json: Any, event: str) -> None:
        await self.book.call(
            self.hall.calling, self.me, (what, method, CONSUMER + path), json, under=UUID(self.consumer_id),
            at=self.number, hasty=self.hasty, causes=lambda _: ((event, self.consumer_id),),
        )  # fmt: skip

    def _known_by(self, told: Mapping[str, Any]) -> None:
        if "accessToken" in told:
            self.asks = Asks(UUID(self.consumer_id), self.hall.calling.as_person(told["accessToken"]))


async def buys(person: Person) -> None:
    """Enter, wait, have the grant validated, buy. Who is still waiting at the end leaves."""
    if await person.enters():
        await _buys(person)


async def presses_twice(person: Person) -> None:
    """Enter twice under one key at two gateways, and buy once."""
    if await person.enters(twice=True):
        await _buys(person)


async def thinks_better(person: Person) -> None:
    """Enter and leave."""
    if await person.enters():
        await person.leaves()


async def is_known(person: Person) -> None:
    """Begin a session, say a name, enter with the token, buy, log out."""
    await person.begins_session()
    await person.says_name()
    if await person.enters():
        await _buys(person)
    await person.logs_out()


async def is_let_in(person: Person) -> None:
    """Enter, be let in out of turn where the turn had not come, and buy by name."""
    if await person.enters():
        admitted = await person.is_let_in()
        if admitted.succeeded or admitted.body["code"] == "ALREADY_GRANTED":
            await person.completes(consumerId=person.consumer_id)


async def is_denied(person: Person) -> None:
    """Enter and be refused for good."""
    if await person.enters():
        await person.is_denied()


async def forgets(person: Person) -> None:
    """Enter, and let every grant lapse: once back to the line, then out."""
    if await person.enters():
        while (await person.looks())["status"] not in ENDED:
            await asyncio.sleep(LOOK_SECONDS)


async def _buys(person: Person) -> None:
    state = await person.waits()
    grant = state.get("admissionGrant")
    if grant:
        await person.validates(grant)
        await person.completes(admissionGrant=grant)
    elif state["status"] not in ENDED:
        await person.leaves()


Story = Callable[[Person], Awaitable[None]]
DOOR: tuple[Story, ...] = (buys, presses_twice, thinks_better, is_known, is_let_in, is_denied, buys)
STORIES: Mapping[str, tuple[Story, ...]] = MappingProxyType(
    {"door": DOOR, "opening": (buys, presses_twice, is_known, thinks_better), "lapsing": (forgets, thinks_better)}
)
"""What people do, by the sort of queue they come to."""
