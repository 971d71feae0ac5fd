"""What a gateway reads of a draw, and how often: once, however many wait for it; and never what is older than it has told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import redis.asyncio
from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from api_gateway.live.urn import Urn
from api_gateway.live.urns import Urns
from runtime.clock import Clock
from store.roles import GATEWAY
from tests.support.house import House
from tests.support.servers import wait_until

LONGEST_SECONDS = 20


@dataclass
class Gate:
    """Where rows that were read wait to be looked at, and how many statements brought some."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    passed: int = 0
    waiting: int = 0


@asynccontextmanager
async def another_gateway(house: House, gate: Gate) -> AsyncIterator[Urns]:
    """The draws of a gateway that has just started and hears nothing."""

    class Watched(AsyncCursor[Any]):
        async def fetchall(self) -> list[Any]:
            rows = await super().fetchall()
            gate.waiting += 1
            await gate.open.wait()
            gate.waiting -= 1
            gate.passed += 1
            return rows

    how = {"autocommit": True, "cursor_factory": Watched}
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        house.database.url(GATEWAY), kwargs=how, min_size=2, open=False
    )
    gate.open.set()
    async with pool, redis.asyncio.Redis.from_url("redis://127.0.0.1:1") as deaf:
        yield Urns(pool, deaf, Clock())


def on_urns(house: House, act: Callable[[Urns, Gate], Awaitable[None]]) -> None:
    """The draws of another gateway, for as long as `act` takes."""

    async def run() -> None:
        gate = Gate()
        async with asyncio.timeout(LONGEST_SECONDS), another_gateway(house, gate) as urns:
            await act(urns, gate)

    asyncio.run(run())


async def urn_of(house: House, urns: Urns, draw: Any) -> Urn:
    """What a gateway knows of a draw that is there."""
    urn = await urns.found(house.hall.made.live, UUID(draw["id"]))
    assert urn is not None
    return urn


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that this event loop brings about."""
    await asyncio.to_thread(wait_until, true)


def test_a_result_that_all_wait_for_is_read_once(house: House) -> None:
    draw = house.hall.draw(1.2, winnerCount=2)
    people = [UUID(house.hall.entrant(draw)["consumerId"]) for _ in range(20)]
    house.hall.selected(draw)

    async def act(urns: Urns, gate: Gate) -> None:
        urn = await urn_of(house, urns, draw)
        for _ in range(3):
            seen = await asyncio.gather(*(urns.standing(urn, person) for person in people * 3))
        told = [urn.facts(one) for one in seen[: len(people)]]
        assert sorted(one["alternatePosition"] for one in told if one["status"] == "ENTERED") == list(range(1, 19))
        assert [one["status"] for one in told].count("WON") == 2
        assert gate.passed == 2, "one statement for the people, one for the part of the order"

    on_urns(house, act)


def test_a_result_is_told_to_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api_gateway.live.urns.RANKED_AT_ONCE", 2)
    draw = house.hall.draw(0.8)
    people = [UUID(house.hall.entrant(draw)["consumerId"]) for _ in range(9)]
    house.hall.selected(draw)

    async def act(urns: Urns, gate: Gate) -> None:
        urn = await urn_of(house, urns, draw)
        await asyncio.gather(*(urns.standing(urn, person) for person in people))
        urn.forget_all()
        asking = [asyncio.create_task(urns.standing(urn, person)) for person in people]
        told = [0]
        while told[-1] < len(people):
            await asyncio.sleep(0)
            told.append(sum(task.done() for task in asking))
        at_once = [later - earlier for earlier, later in pairwise(told)]
        assert max(at_once) <= 3, "two of them, and the winner, whose row says it"

    on_urns(house, act)


def test_what_was_being_read_when_it_changed_is_not_kept(house: House) -> None:
    draw = house.hall.draw()
    guest = house.hall.entrant(draw)
    person, path = UUID(guest["consumerId"]), f"/consumer/api/v1/draws/{draw['id']}/leave"
    leave = partial(house.hall.call, "POST", path, {}, house.hall.as_person(guest["accessToken"]))

    async def act(urns: Urns, gate: Gate) -> None:
        urn = await urn_of(house, urns, draw)
        gate.open.clear()
        older = asyncio.create_task(urns.standing(urn, person))
        await until(lambda: gate.waiting == 1)
        assert (await asyncio.to_thread(leave)).json()["status"] == "LEFT"
        urn.forget(person)
        gate.open.set()
        assert urn.facts(await older)["status"] == "ENTERED"
        assert urn.facts(await urns.standing(urn, person))["status"] == "LEFT"

    on_urns(house, act)


def test_a_gateway_that_hears_nothing_learns_the_result_all_the_same(house: House) -> None:
    draw = house.hall.draw(0.8)
    people = [UUID(house.hall.entrant(draw)["consumerId"]) for _ in range(3)]

    async def act(urns: Urns, gate: Gate) -> None:
        urn, pulling = await urn_of(house, urns, draw), asyncio.create_task(urns.pull())
        versions = dict.fromkeys(people, 0)
        won = False
        while not won:
            for person in people:
                told = urn.facts(await urns.standing(urn, person))
                assert told["stateVersion"] >= versions[person]
                versions[person], won = told["stateVersion"], won or told["status"] == "WON"
            await urn.next_pull(5)
        pulling.cancel()

    on_urns(house, act)
