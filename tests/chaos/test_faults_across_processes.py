"""Processes and servers die in the middle of a rush: nothing that was answered is lost, and nothing happens twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.caller import Organizer, organizer, until
from tests.support.installation import Grounds, running_installation
from tests.support.proxy import Proxy
from tests.support.rush import Rush, assert_exactly_once
from tests.support.servers import wait_until

RECOVERS_IN = 30.0
Record = Callable[[str, object], None]
Fault = Callable[[Rush], Awaitable[None]]


@pytest.fixture(scope="module")
def installed() -> Iterator[Grounds]:
    """More than one of what may be killed."""
    with running_installation(web=2, admission=2, people=1, administration=1, scheduler=2) as grounds:
        yield grounds


@pytest.fixture
def grounds(installed: Grounds) -> Grounds:
    """The installation with all its processes ready."""
    installed.all_ready()
    return installed


@pytest.fixture
async def hall(grounds: Grounds) -> AsyncIterator[Organizer]:
    """An organization of its own."""
    async with organizer(grounds.system.urls, grounds.found()) as calling:
        yield calling


async def rush_through(grounds: Grounds, hall: Organizer, fault: Fault, record: Record) -> Rush:
    """A rush with a fault in its midst, of which everybody comes out right, in bounded time."""
    rush = Rush(hall, await hall.queue(admitRate=60_000))
    recovery = await rush.through(fault)
    await asyncio.to_thread(wait_until, grounds.at_rest, RECOVERS_IN)
    assert_exactly_once(grounds, rush)
    for name, value in [("people", len(rush.people)), ("answers", hall.seen), ("recovery", recovery)]:
        record(name, str(value))
        print(f"{name}: {value}")  # noqa: T201 (shown with -s, and when a test fails)
    assert recovery.first_answer < RECOVERS_IN
    assert recovery.last_straggler < RECOVERS_IN
    return rush


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


async def test_redis_is_away_until_patience_ends(grounds: Grounds, hall: Organizer, record_property: Record) -> None:
    """Five seconds: that is how long a gateway waits before it says 202, which it must still be able to say."""
    servers = grounds.system.servers

    async def away(rush: Rush) -> None:
        assert servers.redis is not None
        await asyncio.to_thread(servers._lock.acquire)  # because whoever looks after the servers would start it again
        try:
            await asyncio.to_thread(servers.redis.stop)
            await until(lambda: hall.seen["202"] >= 20, RECOVERS_IN)
            await asyncio.to_thread(servers.redis.start)
        finally:
            servers._lock.release()

    await rush_through(grounds, hall, away, record_property)


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
    samples = [sample for text in texts for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == "drumroll_replies_missed_total")


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
    assert proxy.cuts > 10
    assert all(person.status for person in rush.people)
