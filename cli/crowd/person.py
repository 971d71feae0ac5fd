"""One person's life: comes, presses enter, waits by looking or listening, and takes the turn, or does not."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any

from cli.crowd.door import Answer
from cli.crowd.forger import Forger
from cli.crowd.launch import Launch
from cli.crowd.pace import next_look
from cli.crowd.room import WaitingRoom
from cli.crowd.shop import OfflineCheck, Shop
from cli.crowd.story import ENDED, GRANTED, WAITING, Story, seen_in
from cli.crowd.tally import Surprise, Tally
from cli.crowd.temperament import Payment, Temperament

LAPSE_MARGIN = 1.5
"""Seconds after the end of grace when a grant must have lapsed everywhere: the ledger's clock need not be ours."""

CONFLICT = frozenset({409})
PAID = frozenset({200, 202})


@dataclass(frozen=True, slots=True)
class World:
    """What all people of a crowd share. `chance` decides behaviour, `keys` makes Idempotency-Keys of 160 bits."""

    launch: Launch
    room: WaitingRoom
    shop: Shop
    forger: Forger
    offline: OfflineCheck
    tally: Tally
    chance: Random
    keys: Random

    def now(self) -> float:
        """Seconds on the crowd's stopwatch."""
        return self.room.door.now()

    def to_opening(self) -> float | None:
        """Seconds until the queue opens, negative afterwards; None when it has no opening."""
        opens = self.launch.opens_on_watch
        return None if opens is None else opens - self.now()

    def new_key(self) -> str:
        """An Idempotency-Key that is as good as a password."""
        return f"{self.keys.getrandbits(160):040x}"


class Person:
    """A person with a temperament in a world; `story` is what the person saw."""

    def __init__(self, world: World, temperament: Temperament) -> None:
        self.story = Story()
        self._world = world
        self._ways = temperament
        self._token = ""
        self._key = world.new_key()
        self._state: dict[str, Any] = {}
        self._leaves_at = float("inf")

    @property
    def token(self) -> str:
        """The access token by which this person is known, empty for one who closed the page."""
        return self._token

    @property
    def is_outside(self) -> bool:
        """Whether this person stood in line and did not get in: left, came too late, or waits even now."""
        return bool(self.story.answers) and not self.story.bought

    async def live(self) -> None:
        """From the arrival to the end, or until the doors of the run close."""
        self._world.tally.mark("arrived")
        self._leaves_at = self._world.now() + (self._ways.patience or float("inf"))
        await self._enter()
        if self.story.answers and self._ways.forges:
            await self._cheat()
        while self._waits():
            await (self._listen() if self._ways.listens and not self._ways.vanishes else self._look())
        if self._status() == GRANTED:
            await self._take_turn()
            self._world.tally.mark("out")

    async def _enter(self) -> None:
        if self._ways.session_first:
            self._token = (await self._world.room.guest_session()).body.get("accessToken", "")
            if not self._token:
                self.story.refused = "NO_SESSION"
                return
        self.story.pressed, self.story.presses = True, self._ways.presses
        await asyncio.gather(*(self._press() for _ in range(self._ways.presses)))
        if self.story.answers:
            self._world.tally.mark("entered")
            if not self._token:
                self._world.tally.surprise(Surprise("enter", HTTPStatus.OK, "NO_TOKEN", ""))

    async def _press(self) -> None:
        """One press of the button; pressed again with the same key when the operation kept the token to itself."""
        token = self._token
        pressed = self._world.room.enter_call(token, self._key)
        answer = await self._world.room.door.insist(pressed)
        if answer.status == HTTPStatus.OK and not (token or answer.body.get("accessToken")):
            answer = await self._world.room.door.insist(pressed)
        if answer.status == HTTPStatus.OK:
            self._token = self._token or answer.body.get("accessToken", "")
            self.story.entered(seen_in(dict(answer.body)))
            self._state = dict(answer.body)
        elif answer.refused:
            self.story.refused = answer.code or str(answer.status)

    async def _cheat(self) -> None:
        forger = self._world.forger
        await forger.try_tokens(self._token)
        await forger.try_places(self._token, self._key)
        await forger.try_shop(self._token)

    def _status(self) -> str:
        return self.story.last.status if self.story.last else ""

    def _waits(self) -> bool:
        return self._status() == WAITING and bool(self._token) and self._world.now() < self._world.room.door.until

    async def _look(self) -> None:
        """Pauses, then looks; or gives up, or closes the page, when it is time for that."""
        assert self.story.last is not None  # noqa: S101 (because a person who waits has seen a state)
        world = self._world
        pause = next_look(self.story.last, world.to_opening(), world.launch.per_second, world.chance)
        await asyncio.sleep(max(0.0, min(pause, self._leaves_at - world.now())))
        if self._ways.vanishes and not self.story.last.pre_open:
            self._vanish()
        elif world.now() >= self._leaves_at:
            await self._give_up()
        else:
            self._told(await world.room.look(self._token))

    async def _listen(self) -> None:
        """Listens until the turn comes, patience ends or the stream does; then looks once."""
        limit = min(self._leaves_at, self._world.room.door.until) - self._world.now()
        try:
            stream = self._world.room.listen(self._token, self._state)
            async with asyncio.timeout(max(0.0, limit)), aclosing(stream) as told:
                async for state in told:
                    self._see(state)
                    if self._status() != WAITING:
                        return
        except TimeoutError:
            pass
        await self._look()

    async def _give_up(self) -> None:
        self._told(await self._world.room.leave(self._token))
        self.story.gave_up = self._status() == "LEFT"

    def _vanish(self) -> None:
        self.story.did_not_come = True
        self._world.tally.mark("out of line")
        self._world.tally.mark("vanished")
        self._token = ""

    def _told(self, answer: Answer) -> None:
        if answer.status == HTTPStatus.OK:
            self._see(dict(answer.body))

    def _see(self, state: dict[str, Any]) -> None:
        before = self._status()
        if not self.story.see(seen_in(state)):
            return
        self._state = state
        after = self._status()
        if after == before:
            return
        if before == WAITING:
            self._world.tally.mark("out of line")
        if after in ENDED or after == GRANTED:
            self._world.tally.mark(after.lower())

    async def _take_turn(self) -> None:
        grant = self.story.last.grant if self.story.last else ""
        self._world.offline.look_at(grant, self._world.launch.queue_id)
        if self._ways.no_show:
            await self._come_too_late(grant)
        elif self._ways.changes_mind:
            await self._give_up()
        else:
            if self._ways.forges:
                await self._world.forger.try_grant(grant)
            await self._buy(grant)

    async def _come_too_late(self, grant: str) -> None:
        """Lets the grant lapse, then tries it all the same: a genuine credential, but an expired one."""
        self.story.did_not_come = True
        launch, forger = self._world.launch, self._world.forger
        pause = launch.grant_seconds + launch.grace_seconds + LAPSE_MARGIN
        if self._world.now() + pause > self._world.room.door.until:
            return
        await asyncio.sleep(pause)
        self._world.tally.mark("lapsed")
        forger.must_conflict("lapsed grant bought", await self._world.shop.complete(grant, "late", CONFLICT))
        await forger.must_be_invalid("lapsed grant", await self._world.shop.validate(grant))

    async def _buy(self, grant: str) -> None:
        await asyncio.sleep(self._ways.shopping_seconds)
        consumer = self.story.last.consumer_id if self.story.last else ""
        checked = await self._world.shop.validate(grant, **({"consumerId": consumer} if consumer else {}))
        if checked.body.get("valid") is not True:
            self._world.tally.mark("too late")
            return
        order = f"order-{self._key[:16]}"
        await self._pay(grant, order, None)
        if self.story.bought and self._ways.payment is Payment.SAME_ORDER_AGAIN:
            await self._pay(grant, order, PAID)
        elif self.story.bought and self._ways.payment is Payment.OTHER_ORDER_AGAIN:
            await self._pay(grant, f"{order}-again", CONFLICT)

    async def _pay(self, grant: str, order: str, expected: frozenset[int] | None) -> None:
        """One report of the purchase; None expects success, or a conflict when it comes too late."""
        shop = self._world.shop
        answer = await (shop.complete(grant, order) if expected is None else shop.complete(grant, order, expected))
        first = not self.story.completions
        self.story.completions.append((order, answer.status, answer.code))
        if first:
            self._world.tally.mark("completed" if answer.status == HTTPStatus.OK else "too late")
