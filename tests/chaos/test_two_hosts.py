"""Two hosts do the same work; one is cut off in the middle of a rush, while it holds the partition that everybody waits for."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import pytest

from store.wire import partition_of
from tests.chaos.histories import assert_history_holds
from tests.chaos.test_failover import assert_kept
from tests.chaos.test_faults_across_processes import RECOVERS_IN, Record, rush_through
from tests.support.caller import LOST, Json, Organizer, eventually, organizer, until
from tests.support.hosts import Network, network
from tests.support.installation import BOOT_SECONDS, Grounds
from tests.support.machines import Machine, running_machines, servers_outside
from tests.support.rush import Rush, assert_exactly_once
from tests.support.servers import wait_until

TAKES_OVER_IN = 10.0
SERVES_AGAIN_IN = 10.0
PATIENCE, RINGS = 3.0, 1.0
LIMITS = {"maxActiveGrants": 12, "capacity": 500}
FREE = """
SELECT count(*) FROM (SELECT FROM log_partition WHERE topic = 'queue' AND part = %s FOR UPDATE SKIP LOCKED) AS free"""
WRITING = """
SELECT count(*) FROM pg_stat_activity
WHERE client_addr = %s::inet AND usename = 'drumroll_worker' AND backend_xid IS NOT NULL"""
UNDECIDED = "SELECT coalesce(sum(n), 0) FROM command_log WHERE topic = 'queue' AND gateway = %s"
PARTITIONS = "SELECT count(*) FROM log_partition WHERE topic = 'queue'"


@pytest.fixture(scope="module")
def connected() -> Iterator[Network]:
    """Two hosts, and this machine outside."""
    with network(2) as made:
        yield made


@pytest.fixture(scope="module")
def grounds(connected: Network) -> Iterator[Grounds]:
    """The servers."""
    with servers_outside(connected) as made:
        yield made


@pytest.fixture(scope="module")
def installed(grounds: Grounds, connected: Network) -> Iterator[list[Machine]]:
    """A gateway, workers and a scheduler on each host."""
    with running_machines(grounds, connected) as made:
        yield made


@pytest.fixture
def machines(installed: list[Machine]) -> list[Machine]:
    """Both connected and ready, whatever an earlier test has done to them."""
    for machine in installed:
        machine.host.join_again()
        wait_until(machine.is_up, BOOT_SECONDS)
    return installed


@pytest.fixture
async def hall(grounds: Grounds, machines: list[Machine], connected: Network) -> AsyncIterator[Organizer]:
    """An organization whose people try the other gateway when nobody is there."""
    made = await asyncio.to_thread(grounds.found, trusted_networks=[f"{connected.outside}/32"])
    async with organizer([one.url for one in machines], made, patience=PATIENCE, rings=RINGS) as calling:
        yield calling


@contextmanager
def resting(machine: Machine) -> Iterator[None]:
    """Its worker of queues stands still in the block."""
    worker = machine.children["admission"]
    worker.send(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.send(signal.SIGCONT)


def holds(grounds: Grounds, rush: Rush, machine: Machine) -> bool:
    """Whether it has the queue's partition in a drain, and the log holds what its gateway accepted."""
    part = partition_of(UUID(rush.queue["id"]), grounds.value(PARTITIONS))
    drains = grounds.value(WRITING, machine.host.address) > 0 and not grounds.value(FREE, part)
    return drains and grounds.value(UNDECIDED, machine.gateway) > 0


async def cut_off_in_the_middle(grounds: Grounds, rush: Rush, machine: Machine, other: Machine) -> None:
    """Cut a machine off at a moment at which it holds the queue's partition and has accepted what is not decided."""
    with resting(other):  # because then it is this one that works on the partition
        await rush.reached(3)
        for _ in range(200):
            with resting(machine):  # because what it has in hand would be done before the cable is out
                if holds(grounds, rush, machine):
                    machine.host.cut_off()
                    if holds(grounds, rush, machine):
                        return
                    machine.host.join_again()
            await rush.reached(1)
    raise AssertionError("it never held the partition when it was cut off")


def told(rush: Rush) -> Collection[str]:
    """The places that somebody was told of so far."""
    return [place for person in rush.people for place in person.told]


async def loses_one(grounds: Grounds, rush: Rush, machine: Machine, other: Machine, record: Record) -> None:
    """Cut a machine off in the middle of its work, and see the other go on with all that anybody was told."""
    await cut_off_in_the_middle(grounds, rush, machine, other)
    cut_at, known, lost = time.monotonic(), told(rush), rush.hall.seen["0"]
    await until(lambda: rush.answered_after(cut_at) < TAKES_OVER_IN, TAKES_OVER_IN)
    record("first_answer_after_the_cut", rush.answered_after(cut_at))
    assert_kept(grounds, known)
    await until(lambda: rush.hall.seen["0"] > lost)  # somebody there gave up, and tried the other


async def assert_serves_alone(hall: Organizer, queue: Json, machine: Machine, other: Machine) -> None:
    """Strangers come in by this machine alone, and are told their tokens: its processes found the servers by themselves."""
    calling = hall.at(machine.url)

    async def serves() -> bool:
        with suppress(*LOST):
            return (await calling.enters(queue)).status == 200
        return False

    with resting(other):
        await eventually(serves, SERVES_AGAIN_IN)
    assert machine.is_up()


async def test_a_host_is_cut_off_in_the_middle_of_a_rush_and_comes_back(
    grounds: Grounds, machines: list[Machine], hall: Organizer, record_property: Record
) -> None:
    one, other = machines

    async def cut(rush: Rush) -> None:
        await loses_one(grounds, rush, one, other, record_property)
        one.host.join_again()
        await rush.reached(20)

    await rush_through(grounds, hall, cut, record_property, **LIMITS)
    await assert_serves_alone(hall, await hall.queue(), one, other)


async def test_a_host_is_cut_off_in_the_middle_of_a_rush_that_ends_without_it(
    grounds: Grounds, machines: list[Machine], hall: Organizer, record_property: Record
) -> None:
    """It comes back when all is over, and changes nothing."""
    other, one = machines

    async def cut(rush: Rush) -> None:
        await loses_one(grounds, rush, one, other, record_property)
        await rush.reached(20)

    rush = await rush_through(grounds, hall, cut, record_property, **LIMITS)
    queue = await hall.queue()
    one.host.join_again()
    await assert_serves_alone(hall, queue, one, other)
    await asyncio.to_thread(wait_until, grounds.at_rest, RECOVERS_IN)
    assert_exactly_once(grounds, rush)
    assert_history_holds(grounds, rush)
