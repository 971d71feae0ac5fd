"""The bell rings through RabbitMQ, which dies, forgets, blocks and freezes in the middle of a rush."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client.parser import text_string_to_metric_families

from domain.catalogue import TOPICS
from tests.chaos.test_faults_across_processes import RECOVERS_IN, Record, entered, rush_through
from tests.support.caller import Json, Organizer, eventually, until
from tests.support.installation import Grounds, running_installation
from tests.support.rabbit import Rabbit, running_rabbit
from tests.support.rush import Rush

SWEPT_AFTER = 0.5
COLD_AFTER = 0.4
APPENDED_WITHIN = 0.5
UNRUNG = "drumroll_unrung_rounds_total"


@pytest.fixture(scope="module")
def rabbit() -> Iterator[Rabbit]:
    """The broker of the installation."""
    with running_rabbit() as node:
        yield node


@pytest.fixture(scope="module")
def installed(rabbit: Rabbit) -> Iterator[Grounds]:
    """An installation that rings through RabbitMQ."""
    with running_installation({"BROKER_URL": rabbit.url}, web=2, admission=2, scheduler=2) as grounds:
        yield grounds


async def counted(hall: Organizer, grounds: Grounds, name: str) -> float:
    """The sum of a counter over all processes."""
    total = 0.0
    for url in grounds.system.metrics.values():
        async with hall.session.get(url) as shown:
            families = text_string_to_metric_families(await shown.text())
            total += sum(sample.value for family in families for sample in family.samples if sample.name == name)
    return total


async def alone_since(hall: Organizer, grounds: Grounds, rounds: float) -> bool:
    """Whether workers have looked for themselves since then."""
    return await counted(hall, grounds, UNRUNG) > rounds


async def test_a_cold_partition_is_woken_by_the_bell_and_not_by_the_sweeper(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    queue, waited = await hall.queue(), []
    unrung = await counted(hall, grounds, UNRUNG)
    for _ in range(10):
        await asyncio.sleep(COLD_AFTER)  # because a drain that lingers is nudged, and needs no broker
        began = time.monotonic()
        await hall.entered(queue)
        waited.append(time.monotonic() - began)
    record_property("median_seconds", sorted(waited)[5])
    assert sorted(waited)[5] < SWEPT_AFTER / 2
    assert await counted(hall, grounds, UNRUNG) == unrung


async def test_rabbitmq_is_killed_and_the_rush_goes_on_without_it(
    grounds: Grounds, hall: Organizer, rabbit: Rabbit, record_property: Record
) -> None:
    cold, before = await hall.queue(), await counted(hall, grounds, UNRUNG)

    async def kill(rush: Rush) -> None:
        rabbit.kill()
        assert (await hall.enters(cold)).status == 200  # though nobody can be rung for it
        await rush.reached(40)
        await asyncio.to_thread(rabbit.start)
        await rush.reached(15)

    await rush_through(grounds, hall, kill, record_property)
    assert await counted(hall, grounds, UNRUNG) > before


async def test_queues_are_purged_and_deleted_again_and_again(
    grounds: Grounds, hall: Organizer, rabbit: Rabbit, record_property: Record
) -> None:
    async def empty(rush: Rush) -> None:
        for remove in (purge, delete):
            for _ in range(4):
                with rabbit.talking() as channel:
                    for topic in TOPICS:
                        remove(channel, topic)
                await rush.reached(10)

    await rush_through(grounds, hall, empty, record_property)


@pytest.mark.parametrize("fault", ["alarm", "freeze"])
async def test_a_broker_that_takes_nothing_stalls_no_append_and_loses_nothing(
    grounds: Grounds, hall: Organizer, rabbit: Rabbit, record_property: Record, fault: str
) -> None:
    """A memory alarm blocks whoever publishes, for ever; a node that is frozen keeps its connections open."""
    slowest, other = 0.0, await hall.queue()
    rounds = await counted(hall, grounds, UNRUNG)

    async def block(rush: Rush) -> None:
        nonlocal slowest
        begin, end = {"alarm": (_alarm, _calm), "freeze": (Rabbit.freeze, Rabbit.thaw)}[fault]
        await asyncio.to_thread(begin, rabbit)
        try:
            before = entered(grounds, rush.queue)
            slowest = max([await appended(hall, other) for _ in range(20)])
            await until(lambda: entered(grounds, rush.queue) >= before + 40, RECOVERS_IN)
            await eventually(lambda: alone_since(hall, grounds, rounds), RECOVERS_IN)
        finally:
            await asyncio.to_thread(end, rabbit)
        await rush.reached(15)

    await rush_through(grounds, hall, block, record_property)
    record_property("slowest_append", slowest)
    assert slowest < APPENDED_WITHIN


def purge(channel: BlockingChannel, queue: str) -> None:
    """All rings are gone."""
    channel.queue_purge(queue)


def delete(channel: BlockingChannel, queue: str) -> None:
    """The queue is gone, with whoever listened to it; it may be gone already."""
    channel.queue_delete(queue)


async def appended(hall: Organizer, queue: Json) -> float:
    """The seconds until a command is in the ledger, decided or not."""
    began = time.monotonic()
    answer = await hall.enters(queue, Prefer="respond-async")
    assert answer.status == 202, answer.body
    return time.monotonic() - began


def _alarm(rabbit: Rabbit) -> None:
    rabbit.alarm(on=True)


def _calm(rabbit: Rabbit) -> None:
    rabbit.alarm(on=False)
