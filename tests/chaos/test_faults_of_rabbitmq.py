"""The bell rings through RabbitMQ, which dies, forgets, blocks and freezes in the middle of a rush."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker
from prometheus_client.parser import text_string_to_metric_families

from domain.catalogue import TOPICS
from runtime.rabbit import QUEUE
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


async def woken(hall: Organizer, queue: Json, times: int) -> float:
    """The median of the seconds in which somebody is let in whose partition is cold."""
    waited = []
    for _ in range(times):
        await asyncio.sleep(COLD_AFTER)  # because a drain that lingers is nudged, and needs no broker
        began = time.monotonic()
        await hall.entered(queue)
        waited.append(time.monotonic() - began)
    return sorted(waited)[times // 2]


async def rung_again(hall: Organizer, grounds: Grounds) -> bool:
    """Whether rings get through: what comes to a cold partition is decided at once, and by whoever was rung."""
    unrung, median = await counted(hall, grounds, UNRUNG), await woken(hall, await hall.queue(), 3)
    return median < SWEPT_AFTER / 2 and await counted(hall, grounds, UNRUNG) == unrung


async def test_a_cold_partition_is_woken_by_the_bell_and_not_by_the_sweeper(
    grounds: Grounds, hall: Organizer, record_property: Record
) -> None:
    await eventually(lambda: rung_again(hall, grounds), RECOVERS_IN)  # because whoever has just begun may listen later
    queue, unrung = await hall.queue(), await counted(hall, grounds, UNRUNG)
    median = await woken(hall, queue, 10)
    record_property("median_seconds", median)
    assert median < SWEPT_AFTER / 2
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


async def test_rabbitmq_is_killed_as_soon_as_its_queues_are_made_and_rings_again(
    grounds: Grounds, hall: Organizer, rabbit: Rabbit, record_property: Record
) -> None:
    """Whatever kind of queue that is, it comes back able to work, and nobody has to do anything."""

    async def kill(rush: Rush) -> None:
        for _ in range(2):
            with rabbit.talking() as channel:
                for topic in TOPICS:
                    channel.queue_delete(topic)
                    channel.queue_declare(topic, durable=True, arguments=QUEUE)
            rabbit.kill()
            await asyncio.to_thread(rabbit.start)
            await rush.reached(10)

    await rush_through(grounds, hall, kill, record_property)
    await eventually(lambda: rung_again(hall, grounds), RECOVERS_IN)


async def test_a_queue_that_takes_no_rings_is_done_without_until_it_does(
    grounds: Grounds, hall: Organizer, rabbit: Rabbit, record_property: Record
) -> None:
    """One topic's queue is somebody else's: RabbitMQ is well, and all others ring."""
    before = await counted(hall, grounds, UNRUNG)

    async def usurp(rush: Rush) -> None:
        await eventually(lambda: usurped(rabbit, "queue"), RECOVERS_IN)
        await eventually(lambda: alone_since(hall, grounds, before), RECOVERS_IN)
        await rush.reached(30)
        with rabbit.talking() as channel:
            channel.queue_delete("queue")

    await rush_through(grounds, hall, usurp, record_property)
    await eventually(lambda: rung_again(hall, grounds), RECOVERS_IN)


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


async def usurped(rabbit: Rabbit, queue: str) -> bool:
    """Whether the queue was deleted and made with other arguments, before those who need it made it again."""
    with rabbit.talking() as channel:
        channel.queue_delete(queue)
        try:
            channel.queue_declare(queue, durable=True, arguments={"x-max-length": 1})
        except ChannelClosedByBroker:
            return False
    return True


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
