"""How much waits: what is decided is taken off at once, and each look puts right whatever the count was off by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from api_gateway.limits import undecided as counting
from api_gateway.limits.undecided import Undecided
from api_gateway.problems import Problem
from domain.command import Command, Envelope
from domain.queue.state import Queue
from store.roles import GATEWAY
from tests.support.factories import entering
from tests.support.servers import wait_until
from tests.support.works import Works

CEILING = 4
Sent = Sequence[Envelope[Command]]


@pytest.fixture
async def undecided(works: Works) -> AsyncIterator[Undecided]:
    """The count of a gateway on the store of `works`, which looks when a test says so."""
    async with AsyncConnectionPool(works.database.url(GATEWAY), min_size=1, open=False) as pool:
        yield Undecided(pool, CEILING, CEILING)


async def append(works: Works, undecided: Undecided, queue: Queue, count: int = 1) -> Sent:
    """So many people enter by this gateway."""
    sent: Sent = [entering(queue) for _ in range(count)]
    undecided.sending(sent)
    await asyncio.to_thread(works.append, sent)
    for one in sent:
        undecided.admit(one)
        undecided.arrived(one, appended=True)
    return sent


def let_in(undecided: Undecided, queue: Queue) -> None:
    """Somebody is let in at the door and gets no farther."""
    sent = entering(queue)
    undecided.admit(sent)
    undecided.arrived(sent, appended=False)


def hear(undecided: Undecided, sent: Sent) -> None:
    """The gateway is told that these were decided."""
    for one in sent:
        undecided.decided(str(one.id))


def waiting(undecided: Undecided, queue: Queue) -> tuple[int, int]:
    """As it is counted: of the organization, and of its queue."""
    return undecided.waiting(queue.tenant_id), undecided.waiting(queue.id)


async def test_what_is_decided_makes_room_before_the_next_look(works: Works, undecided: Undecided) -> None:
    queue = works.queue()
    for _ in range(3 * CEILING):
        let_in(undecided, queue)
        hear(undecided, await append(works, undecided, queue))
    assert waiting(undecided, queue) == (0, 0)


async def test_what_is_on_its_way_is_counted_until_it_has_arrived(works: Works, undecided: Undecided) -> None:
    queue = works.queue()
    sent = [entering(queue) for _ in range(CEILING)]
    for one in sent:
        undecided.admit(one)
    with pytest.raises(Problem, match="OVERLOADED"):
        undecided.admit(entering(queue))
    for one in sent:
        undecided.arrived(one, appended=False)
    assert waiting(undecided, queue) == (0, 0)


async def test_an_organization_that_was_refused_presses_for_a_while_and_no_other_does(
    works: Works, undecided: Undecided, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "EVERY_SECONDS", 0.1)
    queue, other = works.queue(), works.queue()
    for one in [entering(queue) for _ in range(CEILING)]:
        undecided.admit(one)
    assert not undecided.presses(queue.tenant_id)
    assert undecided.is_full(queue.tenant_id)
    watching = asyncio.create_task(undecided.watch())
    assert (undecided.presses(queue.tenant_id), undecided.presses(other.tenant_id)) == (True, False)
    await asyncio.to_thread(wait_until, lambda: not undecided.presses(queue.tenant_id))
    watching.cancel()


async def test_what_was_logged_at_the_last_look_is_taken_off_too(works: Works, undecided: Undecided) -> None:
    queue = works.queue()
    sent = await append(works, undecided, queue, CEILING)
    await undecided.look()
    assert undecided.is_full(queue.tenant_id)
    with pytest.raises(Problem, match="OVERLOADED"):
        undecided.admit(entering(queue))
    hear(undecided, sent[:1])
    let_in(undecided, queue)
    assert waiting(undecided, queue) == (CEILING - 1, CEILING - 1)


async def test_after_all_is_decided_and_one_look_nothing_waits_whoever_was_told(
    works: Works, undecided: Undecided
) -> None:
    queue = works.queue()
    for heard in (0, 1, CEILING):
        sent = await append(works, undecided, queue, CEILING)
        await undecided.look()
        hear(undecided, sent[:heard])
        await asyncio.to_thread(works.settle)
        await undecided.look()
        assert waiting(undecided, queue) == (0, 0)
        hear(undecided, sent[heard:])
        assert waiting(undecided, queue) == (0, 0), "told late, it is no debt"
        await undecided.look()
        await append(works, undecided, queue)
        assert waiting(undecided, queue) == (1, 1)
        await asyncio.to_thread(works.settle)
        await undecided.look()


async def test_what_is_told_twice_or_was_sent_by_others_is_taken_off_once_or_not_at_all(
    works: Works, undecided: Undecided
) -> None:
    queue = works.queue()
    sent = await append(works, undecided, queue, CEILING)
    hear(undecided, [sent[0], sent[0]])
    undecided.decided(str(uuid4()))
    assert waiting(undecided, queue) == (CEILING - 1, CEILING - 1)


async def test_a_look_that_fails_forgets_nothing(works: Works, undecided: Undecided) -> None:
    queue = works.queue()
    sent = await append(works, undecided, queue, CEILING)
    works.rows("ALTER TABLE command_log RENAME TO elsewhere")
    for one in sent[:2]:
        with pytest.raises(psycopg.Error):
            await undecided.look()
        hear(undecided, [one])
    assert waiting(undecided, queue) == (CEILING - 2, CEILING - 2)
    works.rows("ALTER TABLE elsewhere RENAME TO command_log")
    await undecided.look()
    assert waiting(undecided, queue) == (CEILING, CEILING)


async def test_whose_a_command_is_that_nobody_heard_of_is_forgotten_in_time(
    works: Works, undecided: Undecided, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = works.queue()
    monkeypatch.setattr(counting, "LOOKS_KEPT", 2)
    monkeypatch.setattr(counting, "KEPT", CEILING)
    await append(works, undecided, queue, CEILING)
    undecided.sending([entering(queue)])
    assert len(undecided._whose) == CEILING
    for _ in range(4):
        await undecided.look()
    assert (undecided._whose, undecided._whose_before) == ({}, {})
