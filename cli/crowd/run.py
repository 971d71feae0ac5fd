"""One run of the crowd, from the invitation to the facts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import aiohttp

from cli.crowd.arrivals import world_cup_evening
from cli.crowd.display import Progress, Screen
from cli.crowd.door import Door
from cli.crowd.draw.evening import DrawResult, Evening
from cli.crowd.draw.host import DrawHost
from cli.crowd.facts import Evidence, Fact, check
from cli.crowd.facts.evidence import places
from cli.crowd.forger import Forger
from cli.crowd.organiser import CannotVisitError, Invitation, Organiser
from cli.crowd.person import Person, World
from cli.crowd.plan import CrowdPlan, address_of
from cli.crowd.report import CrowdReport
from cli.crowd.room import WaitingRoom
from cli.crowd.shop import OfflineCheck, Shop, key_set
from cli.crowd.tally import Tally
from cli.crowd.temperament import cast
from runtime.clock import Clock

SETUP_SECONDS = 5.0
"""How long the organiser's requests are repeated before the run is called off."""

SETTLING_SECONDS = 10.0
"""How long after the last grant must have lapsed the line may take to settle."""

DRAW_SECONDS = 60.0
"""How long the draw may take: it takes a tenth of it."""

RECORD_SECONDS = 30.0
"""How long reading the server's record may take after that."""

ANSWER_SECONDS = 40.0
"""How long an answer may take: longer than any server holds one back."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is carried out with.

    `chance` decides behaviour, `keys` makes Idempotency-Keys, and `stop` ends the run early.
    """

    clock: Clock
    chance: Random
    keys: Random
    screen: Screen
    stop: asyncio.Event


class Run:
    """One crowd on its way. Everything it needs is opened by `run_crowd`."""

    def __init__(self, plan: CrowdPlan, means: Means, session: aiohttp.ClientSession) -> None:
        self.plan, self.means, self.tally = plan, means, Tally()
        self._session, self._address, self._curve = session, address_of(plan), world_cup_evening()
        self._began: float | None = None
        self._seconds = 0.0

    async def whole(self) -> CrowdReport:
        """The report of the whole run, or of what there was of it when it was stopped."""
        stages = asyncio.create_task(self._stages())
        stopped = asyncio.create_task(self.means.stop.wait())
        await asyncio.wait({stages, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stages.done():
            return stages.result()
        stages.cancel()
        await asyncio.wait({stages})
        return CrowdReport(self.plan, self.tally, self._seconds or self._since_start(), stopped=True)

    async def _stages(self) -> CrowdReport:
        """Invites, sends, waits, and judges."""
        organiser = self._organiser(SETUP_SECONDS)
        invitation = await organiser.invite(self._curve.wall, self.means.clock.now())
        self._began = invitation.starts_on_watch
        world = await self._world(invitation, organiser)
        people = self._people(world)
        draw = await self._send(people, invitation, world)
        self._seconds = self._since_start()
        facts, outcomes = await self._judged(people, world)
        facts += draw.facts
        return CrowdReport(self.plan, self.tally, self._seconds, facts=facts, outcomes=outcomes, draw=draw.statement)

    def _since_start(self) -> float:
        return 0.0 if self._began is None else max(0.0, self.means.clock.monotonic() - self._began)

    def _door(self, seconds: float) -> Door:
        clock = self.means.clock
        return Door(self._session, self.tally, clock, self.means.chance, clock.monotonic() + seconds)

    def _organiser(self, seconds: float) -> Organiser:
        return Organiser(self._door(seconds), self._address, self.plan)

    async def _world(self, invitation: Invitation, organiser: Organiser) -> World:
        published = await organiser.published_keys()
        ahead = invitation.starts_on_watch - self.means.clock.monotonic()
        door = self._door(ahead + self.plan.longest_run)
        room = WaitingRoom(door, self._address, self.plan.publishable_key, invitation.launch.queue_id)
        shop = Shop(door, self._address, self.plan.secret_key)
        forger = Forger(door, room, shop, published)
        offline, chance = OfflineCheck(key_set(dict(published))), self.means.chance
        return World(invitation.launch, room, shop, forger, offline, self.tally, chance, self.means.keys)

    def _people(self, world: World) -> list[Person]:
        temperaments = cast(self.plan.people, self.plan.duration, self.plan.listeners, self.means.chance)
        return [Person(world, temperament) for temperament in temperaments]

    async def _send(self, people: Sequence[Person], invitation: Invitation, world: World) -> DrawResult:
        """Lets everybody come and live, holds the draw for those who did not get in, and shows it, until all are done."""
        times = self._curve.arrivals(len(people), self.plan.duration, self.means.chance)
        opens = invitation.launch.opens_on_watch
        opening = None if opens is None else opens - invitation.starts_on_watch
        progress = Progress(self.plan, self.tally, times, opening)
        self.means.screen.start()
        shown = asyncio.create_task(self._show(progress, invitation.starts_on_watch))
        try:
            await self._lives(people, times, invitation.starts_on_watch)
            return await self._drawn(people, invitation, world)
        finally:
            shown.cancel()
            await asyncio.wait({shown})
            self.means.screen.stop()

    async def _lives(self, people: Sequence[Person], times: Sequence[float], start: float) -> None:
        async with asyncio.TaskGroup() as group:
            for person, time in zip(people, times, strict=True):
                ahead = start + time - self.means.clock.monotonic()
                if ahead > 0:
                    await asyncio.sleep(ahead)
                group.create_task(person.live())

    async def _drawn(self, people: Sequence[Person], invitation: Invitation, world: World) -> DrawResult:
        """The draw beside the queue; nothing where the queue is one of others, which has none."""
        if invitation.draw is None:
            return DrawResult()
        host = DrawHost(self._organiser(DRAW_SECONDS + RECORD_SECONDS), invitation.draw.draw_id)
        return await Evening(invitation.draw, world, self._door(DRAW_SECONDS), host).held(people)

    async def _show(self, progress: Progress, start: float) -> None:
        while True:
            progress.advance(self.means.clock.monotonic() - start)
            self.means.screen.update(progress)
            await asyncio.sleep(self.means.screen.interval)

    async def _judged(self, people: Sequence[Person], world: World) -> tuple[list[Fact], Counter[str]]:
        """The facts, once the line has settled, and the server's entries counted by status."""
        launch = world.launch
        lapse = launch.grant_seconds + launch.grace_seconds + SETTLING_SECONDS if launch.fresh else 0.0
        organiser = self._organiser(lapse + RECORD_SECONDS)
        try:
            queue = await organiser.settled(launch.queue_id, lapse)
            listed = places(await organiser.entries(f"/queues/{launch.queue_id}"))
            proof, lines = await organiser.proof(launch.queue_id)
        except (CannotVisitError, KeyError, TypeError, ValueError) as error:
            return [Fact("The server's own record can be read", holds=False, detail=repr(error))], Counter()
        stories = [person.story for person in people]
        attempts, offline = world.forger.attempts, world.offline
        evidence = Evidence(launch, stories, listed, queue, proof, lines, self.tally, attempts, offline)
        return check(evidence), Counter(place.status for place in listed)


async def run_crowd(plan: CrowdPlan, means: Means) -> CrowdReport:
    """Sends the crowd and checks the facts. Raises CannotVisitError when there is nothing to come to."""
    connector = aiohttp.TCPConnector(limit=plan.connections + plan.listeners, keepalive_timeout=60)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        skip_auto_headers=("User-Agent",),
    ) as session:
        return await Run(plan, means, session).whole()
