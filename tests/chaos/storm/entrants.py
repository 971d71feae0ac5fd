"""The entrants of a storm's draws: people who enter, some as groups, some from one household, and do whatever winners do."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from api_gateway.auth import guest_ids
from domain.draw import commands as c
from tests.chaos.storm.book import Effect, Kept, Look, Means, Wish
from tests.chaos.storm.people import ENDED, REASON, Person

LOOK_SECONDS = 0.6
MOST_TICKETS, MOST_PEOPLE = 3, 3
_DUPLICATES = b"drumroll/duplicate/1\x00"


@dataclass(slots=True)
class Entrant(Person):
    """Somebody who comes to a draw. `number` also decides with how many tickets, for how many people, from which household."""

    grant_id: str = ""
    kind: ClassVar[str] = "draw"
    look_seconds: ClassVar[float] = LOOK_SECONDS

    @property
    def asks_for(self) -> dict[str, Any]:
        """What is said on entering."""
        people = MOST_PEOPLE if self.number % 11 == 4 else 1 + (self.number % 5 == 3)
        household = {"duplicateKey": f"quay {self.number % 2}"} if self.number % 4 == 0 else {}
        return {"tickets": 1 + self.number % MOST_TICKETS, "people": people} | household

    async def enters_again(self) -> None:
        """Press once more, under another key: the first entry stands, and nothing comes of it."""
        wish = Wish("enter draw", "POST", self._path("enter"), self.queue_id, self.asks_for, means=self._entering)
        again = await self._calls(wish, self.me)
        assert not again.succeeded or again.body["participationId"] == self.participation, again

    async def looks_last(self) -> None:
        """Look once more when all is over, if they ever took part."""
        if self.participation:
            await self.looks()

    def _path(self, verb: str) -> str:
        return f"/consumer/api/v1/draws/{self.queue_id}/{verb}"

    def _wish_to_enter(self, body: Any) -> Wish:
        wish, before = (
            self._in_queue("enter", self.asks_for | body, ("draw.consumer.entered", "{id}")),
            self.participation,
        )
        # Because whoever could not leave is in still, and whoever is in keeps the entry: nothing comes of entering.
        return replace(wish, confirms=lambda answer: answer.body["participationId"] != before)

    def _in_queue(self, verb: str, json: Any, effect: Effect) -> Wish:
        means = _MEANS.get(verb)
        return Wish(
            f"{verb} draw", "POST", self._path(verb), self.queue_id, json, (effect,),
            means=means and means(self, json),
        )  # fmt: skip

    def _sees(self, state: Mapping[str, Any]) -> None:
        self.grant_id = state.get("grantId") or self.grant_id
        self.hall.book.looks.append(Look(state["participationId"], state["status"], state["stateVersion"]))

    def _known_by(self, told: Mapping[str, Any]) -> None:
        Person._known_by(self, told)
        if "receipt" in told:
            self.hall.book.receipts.append(Kept(self.queue_id, told["receipt"]))

    def _entering(self, own_id: UUID) -> c.EnterDraw:
        """The command with this id: a stranger becomes the guest of that id."""
        said, known = self.asks_for, self.asks
        person = UUID(self.consumer_id) if known is not None else guest_ids(own_id).consumer_id
        return c.EnterDraw(
            draw_id=self.queue_id, consumer_id=person, tickets=said["tickets"], people=said["people"],
            duplicate_key=self._household(said.get("duplicateKey")),
        )  # fmt: skip

    def _household(self, told: str | None) -> bytes | None:
        """How a draw knows a household: by a hash that is keyed with the secret of its gateways, in base64."""
        if told is None:
            return None
        said = _DUPLICATES + self.queue_id.bytes + told.encode()
        return b64encode(hmac.new(self.hall.book.secret, said, hashlib.sha256).digest())


def _entering(person: Entrant, _: Any) -> Means:
    # Because somebody who enters as a stranger is known afterwards, what is meant is what was meant when it was said.
    known = person.asks is not None
    consumer_id = person.consumer_id

    def means(own_id: UUID) -> c.DrawCommand:
        said = person._entering(own_id)
        meant = UUID(consumer_id) if known else guest_ids(own_id).consumer_id
        return said.model_copy(update={"consumer_id": meant})

    return means


def _leaving(person: Entrant, _: Any) -> Means:
    seen, who = UUID(person.participation), UUID(person.consumer_id)
    command = c.LeaveDraw(draw_id=person.queue_id, consumer_id=who, entry_id=seen)
    return lambda _: command


def _denying(person: Entrant, _: Any) -> Means:
    command = c.DenyEntrant(draw_id=person.queue_id, consumer_id=UUID(person.consumer_id), reason=REASON)
    return lambda _: command


def _completing(person: Entrant, said: Any) -> Means:
    entry_id, grant_id = UUID(person.participation), UUID(person.grant_id)
    command = c.CompleteWin(draw_id=person.queue_id, order_id=said["orderId"], entry_id=entry_id, grant_id=grant_id)
    return lambda _: command


_MEANS: Mapping[str, Callable[[Entrant, Any], Means]] = MappingProxyType(
    {"enter": _entering, "leave": _leaving, "deny": _denying, "complete": _completing}
)
"""What the worker is asked by each call, as far as it bears on who wins."""


async def wins(person: Entrant) -> None:
    """Enter, wait, and use the win up where there is one, by its grant."""
    if await person.enters(twice=person.number % 2 == 0):
        await _buys(person)


async def presses_again(person: Entrant) -> None:
    """Enter, press again, and use the win up."""
    if await person.enters():
        await person.enters_again()
        await _buys(person)


async def is_known(person: Entrant) -> None:
    """Begin a session, enter with the token, use the win up, log out."""
    await person.begins_session()
    if await person.enters():
        await _buys(person)
    await person.logs_out()


async def declines(person: Entrant) -> None:
    """Enter, and give the win back."""
    if await person.enters():
        state = await person.waits()
        if state["status"] not in ENDED:
            await person.leaves()


async def thinks_better(person: Entrant) -> None:
    """Enter and leave, and sometimes come back after all."""
    if await person.enters():
        await person.leaves()
        if person.number % 2 and await person.enters():
            await _buys(person)


async def is_denied(person: Entrant) -> None:
    """Enter, and be refused for good."""
    if await person.enters():
        await person.is_denied()


async def forgets(person: Entrant) -> None:
    """Enter, and let every win lapse."""
    if await person.enters():
        await person.waits()


async def _buys(person: Entrant) -> None:
    state = await person.waits()
    grant = state.get("admissionGrant")
    if grant:
        await person.validates(grant)
        await person.completes(admissionGrant=grant)


Story = Callable[[Entrant], Coroutine[Any, Any, None]]
STORIES: tuple[Story, ...] = (
    wins, declines, forgets, presses_again, thinks_better, is_known, is_denied, forgets, declines,
)  # fmt: skip
"""What entrants do, dealt in turn."""
