"""The primary dies in the middle of a rush and its standby is promoted: what was acknowledged is there."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest

from cli.installation import Installation
from cli.system.shape import Shape
from store.roles import GATEWAY, RolePasswords
from tests.chaos.test_faults_across_processes import Record, rush_through
from tests.support.caller import Json, Organizer, organizer, until
from tests.support.installation import Grounds
from tests.support.rush import Rush
from tests.support.servers import query, temporary_state
from tests.support.standby import Pair, running_pair

COUNTS = {"web": 2, "admission": 2, "scheduler": 2}


@contextmanager
def installed_on(pair: Pair) -> Iterator[Grounds]:
    """An installation whose processes know both."""
    with temporary_state() as state, Installation(state, Shape(COUNTS, database_url=pair.url)) as system:
        yield Grounds(system)


def assert_kept(grounds: Grounds, told: Collection[str]) -> None:
    """Every place that somebody was told of is in the ledger."""
    kept = {str(row.id) for row in grounds.rows("SELECT id FROM queue_entry WHERE id = ANY (%s::uuid[])", list(told))}
    assert kept == set(told), f"{len(set(told) - kept)} of {len(told)} acknowledged places are lost"


def waits_for_standby(pair: Pair) -> bool:
    """Whether a commit waits until the standby has it."""
    (waiting,) = query(pair.primary.url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    return waiting != (0,)


async def test_the_standby_is_promoted_and_the_rush_goes_on_with_all_that_was_acknowledged(
    record_property: Record,
) -> None:
    with running_pair(keeps=True) as pair, installed_on(pair) as grounds:

        async def fail_over(rush: Rush) -> None:
            """The standby lags behind for a moment before, so that there is something to lose."""
            enough = rush.done + 10
            await asyncio.to_thread(pair.standby.goes_deaf)
            await until(lambda: waits_for_standby(pair) or rush.done >= enough)
            told = [one for person in rush.people for one in person.told]
            await asyncio.to_thread(pair.fail_over)
            assert_kept(grounds, told)
            await rush.reached(30)

        async with organizer(grounds.system.urls, grounds.found()) as hall:
            await rush_through(grounds, hall, fail_over, record_property)
            assert hall.seen["0"] + hall.seen["503 DEPENDENCY_UNAVAILABLE"] > 0, hall.seen


async def listed(hall: Organizer, queue: Json) -> list[str]:
    """The places that the organizer's list shows."""
    answer = await hall.admin("GET", f"/queues/{queue['id']}/consumers")
    assert answer.status == 200, answer.body
    return [one["participationId"] for one in answer.body["data"]]


def read_by(grounds: Grounds, pair: Pair) -> int:
    """How many gateways' connections the standby has."""
    (count,) = query(pair.standby_url, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'drumroll_gateway'")
    assert isinstance(count[0], int)
    return count[0]


async def test_an_organizers_list_comes_from_the_standby_and_lacks_nobody() -> None:
    with running_pair(keeps=False) as pair, installed_on(pair) as grounds:
        reads = RolePasswords(grounds.system.secrets.role_secret).url(pair.standby_url, GATEWAY)
        with grounds.gateway("reading", READS_DATABASE_URL=reads) as (url, _):
            async with organizer([url], grounds.found()) as hall:
                queue, places = await hall.queue(), []
                for deaf in (False, True):
                    if deaf:
                        await asyncio.to_thread(pair.standby.goes_deaf)
                    for _ in range(3):
                        places.append((await hall.entered(queue))["participationId"])
                        assert set(await listed(hall, queue)) == set(places)
                assert read_by(grounds, pair) > 0


async def test_without_synchronous_replication_the_same_loses_what_was_acknowledged() -> None:
    """So the test above could see it."""
    with running_pair(keeps=False) as pair, installed_on(pair) as grounds:
        async with organizer(grounds.system.urls, grounds.found()) as hall:
            queue = await hall.queue()
            pair.standby.goes_deaf()
            told = [(await hall.entered(queue))["participationId"] for _ in range(5)]
            assert_kept(grounds, told)
        await asyncio.to_thread(pair.fail_over)
        with pytest.raises(AssertionError, match="5 of 5 acknowledged places are lost"):
            assert_kept(grounds, told)
