"""What clients see of a queue over HTTP could have happened one call at a time, whatever is killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.caller import Organizer, organizer
from tests.support.installation import Grounds, running_installation
from tests.support.linearizability import assert_linearizable
from tests.support.queue_as_seen import Line, QueueAsSeen
from tests.support.servers import wait_until
from tests.support.watchers import Watchers

CLIENTS, CALLS, PEOPLE = 8, 40, 12
UNLIMITED = {"key": None, "consumer": None, "address": None}
SEEN = QueueAsSeen(capacity=4, completions=100)


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    """Two gateways and two workers of the queue's topic."""
    with running_installation(web=2, admission=2, people=1, administration=1, scheduler=1, mail=0) as grounds:
        yield grounds


@pytest.fixture
async def hall(grounds: Grounds) -> AsyncIterator[Organizer]:
    """An organization of its own."""
    async with organizer(grounds.system.urls, grounds.found(rate_limits={"entry": UNLIMITED})) as calling:
        yield calling


async def watchers(hall: Organizer) -> Watchers:
    """Twelve people, and a queue of four places that lets nobody in by itself."""
    queue = await hall.queue(capacity=SEEN.capacity, maxCompletionsPerConsumer=SEEN.completions)
    paused = await hall.admin("POST", f"/queues/{queue['id']}/pause", {"scope": "SERVICE"})
    assert paused.status == 200, paused.body
    guests = [await hall.visit("POST", "/auth/guest", {}) for _ in range(PEOPLE)]
    return Watchers(hall, queue, {guest.body["consumerId"]: guest.body["accessToken"] for guest in guests})


async def faults(grounds: Grounds, seen: Watchers) -> None:
    """Workers are killed and Redis forgets everything, again and again."""
    with grounds.bell() as bell:
        for name in ("admission", "admission.2", "admission"):
            await seen.reached(CLIENTS * CALLS // 6)
            await asyncio.to_thread(grounds.system.kill, name)
            await asyncio.to_thread(bell.flushall)


@pytest.mark.parametrize("faulty", [False, True], ids=["in peace", "while workers die and redis forgets"])
async def test_clients_of_two_gateways_see_one_order(grounds: Grounds, hall: Organizer, *, faulty: bool) -> None:
    await asyncio.to_thread(grounds.all_ready)
    seen = await watchers(hall)
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for client in range(CLIENTS):
            group.create_task(seen.live(client, CALLS))
        if faulty:
            group.create_task(faults(grounds, seen))
    await asyncio.to_thread(wait_until, grounds.at_rest, 30.0)

    history = await seen.history()

    assert_linearizable(history, Line(), SEEN)
    told = {one.answer.status for one, _ in seen.seen if one.end is not None}
    assert {"QUEUED", "QUEUE_FULL", "GRANTED", "COMPLETED", "LEFT"} <= told
    assert seen.unknown < CALLS
