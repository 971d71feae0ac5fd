"""The draw as it is held: brought forward, entered, drawn, claimed, and judged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from cli.crowd.door import Door
from cli.crowd.draw.entrant import DrawWorld, Entrant
from cli.crowd.draw.evidence import DrawEvidence, draw_entries
from cli.crowd.draw.facts import check_facts
from cli.crowd.draw.host import DrawHost
from cli.crowd.draw.room import DrawRoom
from cli.crowd.draw.story import EntrantStory
from cli.crowd.draw.terms import AnnouncedDraw, Schedule, entrants_of, open_seconds
from cli.crowd.draw.whims import second_thoughts, whims
from cli.crowd.facts.evidence import Fact
from cli.crowd.organiser import CannotVisitError
from cli.crowd.person import Person, World
from cli.crowd.shop import OfflineCheck
from domain.fairness.draws import Statement, UnreadableProofError

SETTLING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DrawResult:
    """A draw that is over: what must be true of it, and the figures of its proof, where that can be read."""

    facts: Sequence[Fact] = ()
    statement: Statement | None = None


class Evening:
    """One draw; `door` is the one through which entrants come, and closes when time is up."""

    def __init__(self, announced: AnnouncedDraw, world: World, door: Door, host: DrawHost) -> None:
        self._announced, self._world, self._door, self._host = announced, world, door, host
        self._offline = OfflineCheck(world.offline.keys)

    async def held(self, people: Sequence[Person]) -> DrawResult:
        """The draw among those of the people who did not get in, from its opening to its facts."""
        outside = [person for person in people if person.is_outside]
        chosen = self._world.chance.sample(outside, entrants_of(len(outside)))
        try:
            return await self._judged(await self._drawn(chosen))
        except (CannotVisitError, KeyError, TypeError, ValueError) as error:
            return DrawResult([Fact("The draw's own record can be read", holds=False, detail=repr(error))])

    async def _drawn(self, chosen: Sequence[Person]) -> list[EntrantStory]:
        seconds, now = open_seconds(len(chosen)), self._door.now()
        schedule = Schedule(self._announced.server_time(now), seconds)
        await self._host.bring_forward(schedule)
        entrants = self._entrants(chosen, seconds, now + schedule.drawn_after)
        async with asyncio.TaskGroup() as group:
            for entrant in entrants:
                group.create_task(entrant.live())
        return [entrant.story for entrant in entrants]

    def _entrants(self, chosen: Sequence[Person], seconds: float, drawn_on_watch: float) -> list[Entrant]:
        world = self._world
        room = DrawRoom(self._door, world.room, self._announced.draw_id)
        shared = DrawWorld(
            room, world.shop.through(self._door), self._offline, world.tally.draw, world.chance, len(chosen),
            drawn_on_watch, second_thoughts(),
        )  # fmt: skip
        ways = whims(len(chosen), seconds, world.chance)
        return [Entrant(shared, whim, person.token, world.new_key()) for person, whim in zip(chosen, ways, strict=True)]

    async def _judged(self, stories: Sequence[EntrantStory]) -> DrawResult:
        draw = await self._host.over(SETTLING_SECONDS)
        entries = draw_entries(await self._host.entries())
        evidence = DrawEvidence(stories, draw, entries, await self._host.proof(), self._offline)
        checked = evidence.checked
        statement = None if isinstance(checked, UnreadableProofError) else checked.statement
        return DrawResult(check_facts(evidence), statement)
