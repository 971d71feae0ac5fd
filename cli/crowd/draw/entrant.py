"""One entrant's life: enters, perhaps leaves again, waits for the draw, and claims what was won, or gives it back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

from cli.crowd.door import Answer
from cli.crowd.draw.room import DrawRoom
from cli.crowd.draw.story import DENIED, LEFT, WON, EntrantStory, standing_in
from cli.crowd.draw.whims import Whim
from cli.crowd.shop import OfflineCheck, Shop

THINKING = 1.2
"""Seconds for which a winner thinks before giving it back: everybody else has looked by then."""

SHOPPING = 0.4
SOONEST = 0.8
LOOKS_PER_SECOND = 250


@dataclass(frozen=True, slots=True)
class DrawWorld:
    """What all entrants share. `drawn_on_watch` is when the draw takes place; `marks` count what they live through.

    `second_thoughts` tells each winner in turn whether to give it back.
    """

    room: DrawRoom
    shop: Shop
    offline: OfflineCheck
    marks: Counter[str]
    chance: Random
    entrants: int
    drawn_on_watch: float
    second_thoughts: Iterator[bool]

    def until_drawn(self) -> float:
        """Seconds until the draw, 0 afterwards."""
        return max(0.0, self.drawn_on_watch - self.room.door.now())

    def pause(self) -> float:
        """Seconds between two looks: about one, and more where there are very many."""
        return max(SOONEST, self.entrants / LOOKS_PER_SECOND) * (1 + 0.3 * self.chance.random())


class Entrant:
    """A person who did not get in and tries the draw; `token` is from before, empty for one who closed the page."""

    def __init__(self, world: DrawWorld, whim: Whim, token: str, key: str) -> None:
        self.story = EntrantStory(whim)
        self._world, self._whim, self._token, self._key = world, whim, token, key

    async def live(self) -> None:
        """From the first press to the end, or until the doors of the draw close."""
        await asyncio.sleep(self._whim.comes_after)
        await self._enter()
        if self.story.answers and self._whim.leaves:
            await self._leave()
        while self._waits():
            await asyncio.sleep(self._world.until_drawn() + self._world.pause())
            self._told(await self._world.room.look(self._token))
        if self.story.status == WON:
            await (self._decline() if next(self._world.second_thoughts) else self._buy())

    async def _enter(self) -> None:
        self.story.pressed = True
        await asyncio.gather(*(self._press() for _ in range(self._whim.presses)))

    async def _press(self) -> None:
        """One press; pressed again with the same key when the operation kept the token to itself."""
        pressed = self._world.room.enter_call(self._token, self._key, self._whim)
        answer = await self._world.room.door.insist(pressed)
        if answer.status == HTTPStatus.OK and not (self._token or answer.body.get("accessToken")):
            answer = await self._world.room.door.insist(pressed)
        if answer.status == HTTPStatus.OK:
            self._token = self._token or answer.body.get("accessToken", "")
            self._see(answer, first=True)
        elif answer.refused:
            self.story.refused = answer.code or str(answer.status)

    def _waits(self) -> bool:
        door = self._world.room.door
        return self.story.waits and bool(self._token) and door.now() < door.until

    async def _leave(self) -> None:
        self._told(await self._world.room.leave(self._token))

    async def _decline(self) -> None:
        await asyncio.sleep(THINKING)
        self._told(await self._world.room.leave(self._token))

    async def _buy(self) -> None:
        await asyncio.sleep(SHOPPING)
        grant = self.story.last.grant if self.story.last else ""
        self._world.offline.look_at(grant, self._world.room.draw_id)
        checked = await self._world.shop.validate(grant, distributionId=self._world.room.draw_id)
        if checked.body.get("valid") is True:
            self._told(await self._world.shop.complete(grant, f"draw-{self._key[:16]}"))

    def _told(self, answer: Answer) -> None:
        if answer.status == HTTPStatus.OK:
            self._see(answer)

    def _see(self, answer: Answer, *, first: bool = False) -> None:
        standing = standing_in(dict(answer.body))
        before, was_alternate = self.story.status, self.story.was_alternate
        if first:
            self.story.entered(standing)
        else:
            self.story.see(standing)
        if self.story.status != before:
            self._mark(was_alternate=was_alternate)

    def _mark(self, *, was_alternate: bool) -> None:
        marks, status = self._world.marks, self.story.status
        marks[{DENIED: "not selected", LEFT: self._way_out()}.get(status, status.lower())] += 1
        if status == WON and was_alternate:
            marks["promoted"] += 1

    def _way_out(self) -> str:
        return "declined" if self.story.won else "left"
