"""The people of a storm: each lives one story, and knows what it was told."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from api_gateway.auth import token_hash
from tests.chaos.storm.book import Asks, Call, Effect, Wish
from tests.chaos.storm.places import Hall
from tests.support.caller import CONSUMER, eventually, strong_key

LOOK_SECONDS = 0.3
LAPSED_WITHIN = 120.0
REASON = "ADMIN_ACTION"
ENDED = frozenset({"COMPLETED", "LEFT", "DENIED"})


@dataclass(slots=True)
class Person:
    """Somebody who comes to a queue. `number` decides at which gateway they begin, and who hangs up at first."""

    number: int
    hall: Hall
    queue_id: UUID
    closing: asyncio.Event
    asks: Asks | None = None
    participation: str = ""
    consumer_id: str = ""
    refresh_token: str = ""
    kind: ClassVar[str] = "queue"
    look_seconds: ClassVar[float] = LOOK_SECONDS

    @property
    def hasty(self) -> bool:
        """Every seventh hangs up before the first answer can come."""
        return self.number % 7 == 0

    @property
    def keyless(self) -> bool:
        """Every fifth sends no Idempotency-Key where the story goes on whatever comes of the call."""
        return self.number % 5 == 1

    @property
    def mistaken(self) -> bool:
        """Every sixth sends another body under the key with which they entered."""
        return self.number % 6 == 2

    @property
    def me(self) -> Asks:
        """In whose name they call once they are known."""
        assert self.asks is not None
        return self.asks

    async def enters(self, *, twice: bool = False) -> bool:
        """Join the line, perhaps pressing twice at two gateways; whether there was a place."""
        key, asks = strong_key(), self.asks or self.hall.visitor
        calls = await asyncio.gather(*(self._enters(key, asks, at) for at in range(1 + twice)))
        told = max((one for one in calls if one.succeeded), key=lambda one: "accessToken" in one.body, default=None)
        if told is not None:
            self.participation, self.consumer_id = told.body["participationId"], told.body["consumerId"]
            self._known_by(told.body)
            await self._mistakes(key, asks)
        return told is not None and told.body["status"] not in ENDED

    async def _enters(self, key: str, asks: Asks, at: int) -> Call:
        wish = self._wish_to_enter({})
        return await self._calls(wish, asks, at=self.number + at, key=key)

    async def _mistakes(self, key: str, asks: Asks) -> None:
        """Enter for two, under the key under which they have entered for themselves, at the next gateway."""
        if self.mistaken:
            wish = self._wish_to_enter({"quantity": 2})
            await self.hall.book.misuse(self.hall.calling, asks, wish, key, at=self.number + 1)

    async def begins_session(self) -> None:
        """Become a guest before entering anything."""
        path, under = f"{CONSUMER}/auth/guest", self.hall.calling.made.id
        wish = Wish("begin session", "POST", path, under, {}, (("consumer.session.started", "{guest}"),))
        began = await self._calls(wish, self.hall.visitor)
        assert began.succeeded, began
        self.consumer_id = began.body["session"]["consumerId"]
        self._known_by(began.body)

    async def says_name(self) -> None:
        """Say who they are."""
        own = (("consumer.updated", self.consumer_id),)
        path, said = f"{CONSUMER}/consumers/me", {"fullName": f"Person {self.number}"}
        await self._does(Wish("say name", "PATCH", path, UUID(self.consumer_id), said, own), self.me)

    async def refreshes(self) -> None:
        """Trade the refresh token for the next tokens: coming twice with the same one under one key is coming once.

        The operation of a refresh is its holder's to see, whose access token may be over: whoever was told 202 comes again.
        """
        path, own = f"{CONSUMER}/auth/refresh", (("consumer.session.refreshed", self.consumer_id),)
        named = f"{path}#{token_hash(self.refresh_token)}"
        body = {"refreshToken": self.refresh_token}
        wish = Wish("refresh", "POST", path, UUID(self.consumer_id), body, own, named=named, followed=False)
        self._known_by((await self._calls(wish, self.hall.visitor)).body)

    async def logs_out(self) -> None:
        """End the session."""
        own = (("consumer.session.ended", self.consumer_id),)
        await self._calls(Wish("log out", "POST", f"{CONSUMER}/auth/logout", UUID(self.consumer_id), {}, own), self.me)

    async def leaves(self) -> None:
        """Leave the line or give the grant back."""
        wish = self._in_queue("leave", {}, (f"{self.kind}.consumer.left", self.participation))
        await self._calls(replace(wish, confirms=lambda answer: answer.body["status"] == "LEFT"), self.me)

    async def waits(self) -> Mapping[str, Any]:
        """Look until the turn has come, or there is nothing to wait for, or it is late; the last state."""
        while True:
            state = await self.looks()
            if state.get("admissionGrant") or state["status"] in ENDED or self.closing.is_set():
                return state
            await asyncio.sleep(self.look_seconds)

    async def has_ended(self) -> bool:
        """Whether there is nothing to wait for any more."""
        await asyncio.sleep(LOOK_SECONDS)
        return (await self.looks())["status"] in ENDED

    async def looks(self) -> Mapping[str, Any]:
        """Where they stand. A look is no command: it has no key and no effect but a signature."""
        path = f"{CONSUMER}/{self.kind}s/{self.queue_id}/status"
        looked = await self.hall.calling.insist("GET", path, None, self.me.headers, self.number)
        assert looked.status == 200, looked
        self._sees(looked.body)
        state: Mapping[str, Any] = looked.body
        return state

    async def validates(self, grant: str) -> None:
        """The shop asks whether the grant is good."""
        wish = self._in_queue(
            "validate", {"admissionGrant": grant}, (f"{self.kind}.grant.validated", self.participation)
        )
        await self._does(replace(wish, confirms=lambda answer: bool(answer.body["valid"])), self.hall.server)

    async def completes(self, **named: str) -> None:
        """The shop has sold: by the grant, or by naming the consumer."""
        order_id = f"order-{self.number}"
        effect = (f"{self.kind}.consumer.completed", f"{self.participation} {order_id}")
        await self._calls(self._in_queue("complete", {"orderId": order_id, **named}, effect), self.hall.server)

    async def is_let_in(self) -> Call:
        """The organizer lets them in out of turn."""
        effect = ("queue.consumer.granted", self.participation)
        return await self._calls(self._in_queue("admit", {"consumerId": self.consumer_id}, effect), self.hall.server)

    async def is_denied(self) -> None:
        """The organizer refuses them for good."""
        said, effect = (
            {"consumerId": self.consumer_id, "reason": REASON},
            (f"{self.kind}.consumer.denied", self.participation),
        )
        wish = self._in_queue("deny", said, effect)
        await self._calls(replace(wish, confirms=lambda answer: answer.body["reason"] == REASON), self.hall.server)

    def _wish_to_enter(self, body: Any) -> Wish:
        return self._in_queue("enter", body, (f"{self.kind}.consumer.entered", "{id}"))

    def _in_queue(self, verb: str, json: Any, effect: Effect) -> Wish:
        return Wish(verb, "POST", f"{CONSUMER}/{self.kind}s/{self.queue_id}/{verb}", self.queue_id, json, (effect,))

    async def _calls(self, wish: Wish, asks: Asks, *, at: int | None = None, key: str = "") -> Call:
        begins = self.number if at is None else at
        return await self.hall.book.call(self.hall.calling, asks, wish, at=begins, key=key, hasty=self.hasty)

    async def _does(self, wish: Wish, asks: Asks) -> None:
        """Call what the story does not depend on: whoever sends no key leaves it at one try."""
        if self.keyless:
            await self.hall.book.call_once(self.hall.calling, asks, wish, at=self.number)
        else:
            await self._calls(wish, asks)

    def _sees(self, state: Mapping[str, Any]) -> None:
        """Remember what was told, where somebody will ask for it."""

    def _known_by(self, told: Mapping[str, Any]) -> None:
        self.refresh_token = told.get("refreshToken", self.refresh_token)
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
    """Begin a session, say a name, refresh, enter with the token, buy, log out."""
    await person.begins_session()
    await person.says_name()
    await person.refreshes()
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
        await eventually(person.has_ended, LAPSED_WITHIN)


async def _buys(person: Person) -> None:
    state = await person.waits()
    grant = state.get("admissionGrant")
    if grant:
        await person.validates(grant)
        await person.completes(admissionGrant=grant)
    elif state["status"] not in ENDED:
        await person.leaves()


Story = Callable[[Person], Coroutine[Any, Any, None]]
DOOR: tuple[Story, ...] = (buys, presses_twice, thinks_better, is_known, is_let_in, is_denied, buys)
STORIES: Mapping[str, tuple[Story, ...]] = MappingProxyType(
    {"door": DOOR, "opening": (buys, presses_twice, is_known, thinks_better), "lapsing": (forgets, thinks_better)}
)
"""What people do, by the sort of queue they come to."""
