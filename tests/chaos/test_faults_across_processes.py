"""Processes and servers die in the middle of a rush: nothing that was answered is lost, and nothing happens twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.chaos.histories import assert_history_holds
from tests.support.caller import Organizer, until
from tests.support.installation import Grounds, running_installation
from tests.support.measures import samples
from tests.support.proxy import Proxy
from tests.support.rush import Rush, assert_exactly_once
from tests.support.servers import wait_until

RECOVERS_IN = 30.0
Record = Callable[[str, object], None]
Fault = Callable[[Rush], Awaitable[None]]
pytestmark = pytest.mark.timeout(300)  # because a rush has bounds of its own, and a busy machine boots slowly


@pytest.fixture(scope="module")
def installed() -> Iterator[Grounds]:
    """More than one of what may be killed."""
    with running_installation(web=2, admission=2, people=1, administration=1, scheduler=2) as grounds:
        yield grounds


async def rush_through(grounds: Grounds, hall: Organizer, fault: Fault, record: Record, **settings: object) -> Rush:
    """A rush with a fault in its midst, of which everybody comes out right, in bounded time. `settings` are the queue's."""
    rush = Rush(hall, await hall.queue(**{"admitRate": 60_000} | settings))
    recovery = await rush.through(fault)
    await asyncio.to_thread(wait_until, grounds.at_rest, RECOVERS_IN)
    assert_exactly_once(grounds, rush)
    assert_history_holds(grounds, rush)
    for name, value in [("people", len(rush.people)), ("answers", hall.seen), ("recovery", recovery)]:
        record(name, str(value))
        print(f"{name}: {value}")  # noqa: T201 (shown with -s, and when a test fails)
    assert recovery.first_answer < RECOVERS_IN
    assert recovery.last_straggler < RECOVERS_IN
    return rush


@asynccontextmanager
async def without_redis(grounds: Grounds, *, frozen: bool = False) -> AsyncIterator[None]:
    """Redis is killed, or frozen, and comes back only at the end of the block."""
    servers = grounds.system.servers
    assert servers.redis is not None
    assert servers.redis.pid is not None
    await asyncio.to_thread(servers._lock.acquire)  # because whoever looks after the servers would start it again
    try:
        os.kill(servers.redis.pid, signal.SIGSTOP if frozen else signal.SIGKILL)
        yield
    finally:
        if frozen:
            os.kill(servers.redis.pid, signal.SIGCONT)
        else:
            await asyncio.to_thread(servers.redis.restart, immediate=True)
        servers._lock.release()


def entered(grounds: Grounds, queue: Mapping[str, Any]) -> int:
    """How many places the ledger holds."""
    return int(grounds.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue["id"]))


async def token_of(hall: Organizer) -> str:
    """The access token of a new guest."""
    guest = await hall.visit("POST", "/auth/guest", {})
    assert guest.status == 201, guest.body
    return str(guest.body["accessToken"])


async def test_redis_forgets_everything_again_and_again(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    async def flush(rush: Rush) -> None:
        with grounds.bell() as bell:
            for _ in range(4):
                bell.flushall()
                await rush.reached(15)

    await rush_through(grounds, hall, flush, record_property)


async def test_redis_is_killed_and_starts_again(grounds: Grounds, hall: Organizer, record_property: Record) -> None:
    async def kill(rush: Rush) -> None:
        await asyncio.to_thread(grounds.system.restart, "redis", immediate=True)

    await rush_through(grounds, hall, kill, record_property)


async def test_redis_is_away_for_long_and_the_rush_goes_on(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    """Strangers are answered 202, because their tokens cannot reach them; their places are decided meanwhile."""

    async def away(rush: Rush) -> None:
        async with without_redis(grounds):
            before = entered(grounds, rush.queue)
            await until(lambda: hall.seen["202"] >= 20 and entered(grounds, rush.queue) >= before + 20, RECOVERS_IN)

    await rush_through(grounds, hall, away, record_property)


@pytest.mark.parametrize("frozen", [False, True], ids=["killed", "frozen"])
async def test_whoever_comes_while_redis_is_away_is_answered_from_the_journal(
    grounds: Grounds, hall: Organizer, *, frozen: bool
) -> None:
    queue, tokens = await hall.queue(), [await token_of(hall) for _ in range(10)]
    path = f"/queues/{queue['id']}/enter"
    async with without_redis(grounds, frozen=frozen):
        answers = await asyncio.gather(*(hall.person(token, "POST", path, {}) for token in tokens))
        assert [answer.status for answer in answers] == [200] * 10, hall.seen
        assert entered(grounds, queue) == 10
    again = await asyncio.gather(*(hall.person(token, "POST", path, {}) for token in tokens))
    assert [one.body["participationId"] for one in again] == [one.body["participationId"] for one in answers]
    assert entered(grounds, queue) == 10


async def test_postgres_crashes_and_recovers(grounds: Grounds, hall: Organizer, record_property: Record) -> None:
    async def crash(rush: Rush) -> None:
        await asyncio.to_thread(grounds.system.restart, "postgres", immediate=True)

    await rush_through(grounds, hall, crash, record_property)


async def test_one_worker_is_killed_and_then_all_are(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    async def kill(rush: Rush) -> None:
        await asyncio.to_thread(grounds.system.kill, "admission")
        await rush.reached(15)
        for name in ("admission", "admission.2"):
            await asyncio.to_thread(grounds.system.kill, name)

    await rush_through(grounds, hall, kill, record_property)


async def test_a_gateway_is_killed_and_people_try_the_other(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    async def kill(rush: Rush) -> None:
        await asyncio.to_thread(grounds.system.kill, "web")
        await rush.reached(15)

    await rush_through(grounds, hall, kill, record_property)
    assert hall.seen["0"] > 0


async def test_a_scheduler_is_killed_and_the_other_goes_on(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    async def kill(rush: Rush) -> None:
        await asyncio.to_thread(grounds.system.kill, "scheduler")
        await rush.reached(30)

    await rush_through(grounds, hall, kill, record_property)


async def test_replies_that_nobody_hears_are_answered_from_the_journal(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    async def deafen(rush: Rush) -> None:
        with grounds.bell() as bell:
            for _ in range(15):
                bell.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                await rush.reached(3)

    before = await missed(hall)
    await rush_through(grounds, hall, deafen, record_property)
    assert await missed(hall) > before


async def missed(hall: Organizer) -> float:
    """How many replies the gateways have looked up because they did not come."""
    texts = [(await hall.call("GET", "/metrics", at=at)).body for at in range(len(hall.urls))]
    return sum(samples(text).get("drumroll_replies_missed_total", 0.0) for text in texts)


async def test_an_append_whose_answer_is_lost_is_sent_again_and_has_one_effect(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    answers = 0

    def loses(answer: bytes) -> bool:
        """Every third answer to an INSERT, which Postgres gives after its commit."""
        nonlocal answers
        answers += b"INSERT 0 " in answer
        return b"INSERT 0 " in answer and answers % 3 == 0

    async def nothing(rush: Rush) -> None:
        await rush.reached(30)

    gateway_url = grounds.system.role_url("drumroll_gateway")
    async with Proxy(gateway_url, loses).listening() as proxy:
        beside = grounds.gateway("proxied", DATABASE_URL=proxy.url(gateway_url))
        url, _ = await asyncio.to_thread(beside.__enter__)
        try:
            rush = await rush_through(grounds, hall.at(url), nothing, record_property)
        finally:
            await asyncio.to_thread(beside.__exit__, None, None, None)
    assert proxy.cuts > 3
    assert all(person.status for person in rush.people)
