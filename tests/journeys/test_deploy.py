"""A new version comes: processes are told to go in the middle of their work, and finish what they have in hand."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.caller import Answer, Organizer, strong_key, until
from tests.support.installation import Grounds

GUESTS = 10
_SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END';
CREATE TRIGGER slow AFTER INSERT ON queue_entry FOR EACH STATEMENT EXECUTE FUNCTION slow()"""
_FAST = "DROP TRIGGER IF EXISTS slow ON queue_entry; DROP FUNCTION IF EXISTS slow"
_ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
_CAME = """
SELECT (SELECT coalesce(sum(n), 0) FROM command_log) + (SELECT count(*) FROM queue_entry WHERE queue_id = %s) AS came"""


@contextmanager
def slow_disk(grounds: Grounds) -> Iterator[None]:
    """Whoever writes a participation waits for a while."""
    grounds.rows(_SLOW)
    try:
        yield
    finally:
        grounds.rows(_FAST)


async def test_a_worker_that_is_told_to_go_finishes_the_batch_in_hand(grounds: Grounds, hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    worker = grounds.system.supervisor.posts["admission"].child
    with slow_disk(grounds):
        entering = asyncio.create_task(enter(hall, queue))
        await until(lambda: grounds.value(_ASLEEP) > 0 and grounds.value(_CAME, queue["id"]) >= GUESTS)
        try:
            await asyncio.to_thread(grounds.system.let_go, "admission")
            assert (worker.status, worker.said('"worker.going"')) == (0, True)
            told = await entering
            assert [answer.status for answer in told] == [200] * GUESTS
            assert grounds.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue["id"]) == GUESTS
            assert grounds.waiting() == 0
            late = await hall.enters(queue, Prefer="respond-async")
            assert late.status == 202
        finally:
            grounds.rows(_FAST)
            await asyncio.to_thread(grounds.system.fill, "admission")
    assert (await hall.followed(late, hall.as_server)).status == 200


async def test_a_gateway_that_is_told_to_go_answers_what_it_has_accepted(grounds: Grounds, hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    gateway = grounds.system.supervisor.posts["web"].child
    grounds.system.stop("admission")
    try:
        impatient = asyncio.create_task(enter(hall, queue, Prefer="wait=1"))
        patient = asyncio.create_task(enter(hall, queue))
        await until(lambda: grounds.waiting() == 2 * GUESTS)
        going = asyncio.create_task(asyncio.to_thread(grounds.system.let_go, "web"))
        assert [answer.status for answer in await impatient] == [202] * GUESTS
        grounds.system.cont("admission")
        assert [answer.status for answer in await patient] == [200] * GUESTS
        await going
        assert gateway.said('"gateway.gone"')
    finally:
        grounds.system.cont("admission")
        await asyncio.to_thread(grounds.system.fill, "web")
    await until(lambda: grounds.value("SELECT tickets FROM queue WHERE id = %s", queue["id"]) == 2 * GUESTS)


async def enter(hall: Organizer, queue: dict[str, str], **headers: str) -> list[Answer]:
    """Strangers press enter at the same time."""
    return await asyncio.gather(*(hall.enters(queue, strong_key(), **headers) for _ in range(GUESTS)))
