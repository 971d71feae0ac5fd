"""Guards of taking from the log: who may, in which order, and in one commit with what follows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

import workers.drain
from domain.queue.commands import LeaveQueue, PauseQueue
from store import command_log
from store.command_log import Batch, Place
from store.database import AWAY
from store.pipelined import id_array
from tests.controls.guard import Guard
from tests.controls.removing import Removal, all_of, replaced, reworded, rewritten
from tests.controls.scenes import (
    COUNTS,
    LOST,
    LYING,
    NOBODY_IS_LET_IN,
    TWICE,
    CutsOnce,
    Waits,
    few_rounds,
    knock,
    people,
    set_to,
    wrong_with,
)  # fmt: skip
from tests.support.database import PARTITIONS
from tests.support.factories import entering, sent
from tests.support.faults import knocks_that
from tests.support.works import Works, place_of
from workers.drain import Drain, Round
from workers.telling import Told

_ANY_LEASE = """
SELECT strikes, ledger_now() AS last_at, set_config('drumroll.held', topic || ':' || part, true) AS held
FROM log_partition WHERE topic = %s AND part = %s"""


def a_batch_that_is_seen_late(works: Works) -> Iterator[str]:
    """One gateway's append commits while the one that was numbered after it is being decided: two who wait leave."""
    queue, waits = works.queue(**NOBODY_IS_LET_IN), Waits()
    inside = people(queue, 2)
    works.append(inside)
    works.settle()
    early, late = (sent(queue, LeaveQueue(queue_id=queue.id, consumer_id=one.body.consumer_id)) for one in inside)
    with knocks_that(waits), set_to(workers.drain, "BOUND", 1), ThreadPoolExecutor(1) as threads:
        with works.gateway.begin() as slow:
            command_log.append(slow, [early], PARTITIONS, "slow")
            works.append([knock(queue), late])
            ended = threads.submit(works.drain.round, place_of(queue))
            assert waits.inside.wait(10)
        works.drain.round(place_of(queue))
        waits.on.set()
        ended.result()
        few_rounds(works)
    yield from wrong_with(works, queue, early, late)


def somebody_is_in_the_partition(works: Works) -> Iterator[str]:
    """A drain that is rung while another decides goes away again, and takes nothing."""
    queue, waits = works.queue(), Waits()
    works.append([knock(queue)])
    with knocks_that(waits), ThreadPoolExecutor(1) as threads:
        ended = threads.submit(works.drain.round, place_of(queue))
        assert waits.inside.wait(10)
        try:
            assert works.drain.round(place_of(queue)) is Round.NOT_MINE
        except AWAY:
            yield "whoever is rung for nothing keeps a worker's thread"
        waits.on.set()
        ended.result()


def many_batches(works: Works) -> Iterator[str]:
    """Forty people join, one after the other."""
    queue = works.queue()
    came = people(queue, 40)
    for one in came:
        works.append([one])
    works.settle()
    entered = works.rows("SELECT id FROM queue_entry WHERE queue_id = %s ORDER BY ticket", queue.id)
    if [entry.id for entry in entered] != [one.id for one in came]:
        yield "who came later is before who came earlier"


def a_batch_that_becomes_visible_late(works: Works) -> Iterator[str]:
    """One gateway's append commits after a batch with a higher number was decided already."""
    queue = works.queue()
    early, late = entering(queue), entering(queue)
    with works.gateway.begin() as slow:
        command_log.append(slow, [early], PARTITIONS, "slow")
        works.append([late])
        works.settle()
    few_rounds(works)
    yield from wrong_with(works, queue, early, late)


def the_line_is_cut_while_deciding(works: Works) -> Iterator[str]:
    """The connection to Postgres breaks in the middle of a drain, and another one comes."""
    queue, cuts = works.queue(), CutsOnce()
    sent_once = [entering(queue), knock(queue), entering(queue)]
    works.append(sent_once)
    with knocks_that(cuts):
        with suppress(*AWAY):
            works.drain.round(place_of(queue))
        assert cuts.cuts == 1
        few_rounds(works)
    yield from wrong_with(works, queue, *sent_once)


def a_worker_dies_once_it_has_decided(works: Works) -> Iterator[str]:
    """Whatever is still to be done after the commit is not done by anybody."""

    def dies(drain: Drain, told: object) -> None:
        raise ZeroDivisionError(told)

    queue = works.queue()
    sent_once = sent(queue, PauseQueue(queue_id=queue.id))
    works.append([sent_once])
    with suppress(ZeroDivisionError), set_to(Drain, "tell", dies):
        works.drain.round(place_of(queue))
    few_rounds(works)
    yield from wrong_with(works, queue, sent_once)


def takes_last() -> Removal:
    """The batches are only read; they are deleted once all else has committed."""
    tell = Drain.tell

    def delete_and_tell(drain: Drain, told: Told) -> None:
        ids = id_array(one.sent.id for one, _, _ in told.decided.answers)
        with drain.ledger.opened() as connection:
            connection.exec_driver_sql("DELETE FROM command_log WHERE ids && %s::uuid[]", (ids,))
            connection.commit()
        tell(drain, told)

    columns = "position, appended_at, attempts, body"
    read = ("DELETE FROM command_log WHERE", f"SELECT {columns} FROM command_log WHERE"), (f" RETURNING {columns}", "")  # noqa: S608 (ours)
    return all_of(reworded(command_log, "_TAKE", *read), replaced(Drain, "tell", delete_and_tell))


def reads_on_from_the_last() -> Removal:
    """Who takes remembers the highest number and never looks below it."""
    highest = [0]
    batches, values = command_log._batches, command_log._take_values

    def remembered(answer: Any) -> list[Batch]:
        found = batches(answer)
        highest[0] = max([highest[0], *(batch.position for batch in found)])
        return found

    def beyond(place: Place, bound: int) -> tuple[Any, ...]:
        *known, most = values(place, bound)
        return *known, highest[0], most

    held = "AND current_setting('drumroll.held', true) = %s"

    def remove(patch: pytest.MonkeyPatch) -> None:
        highest[0] = 0
        reworded(command_log, "_TAKE", (held, f"{held} AND position > %s"))(patch)
        replaced(command_log, "_batches", remembered)(patch)
        replaced(command_log, "_take_values", beyond)(patch)

    return remove


GUARDS = (
    Guard(
        "partition lock",
        "Whoever decides for a partition is alone in it.",
        (COUNTS,),
        a_batch_that_is_seen_late,
        replaced(command_log, "_LOCK", _ANY_LEASE),
    ),
    Guard(
        "skip locked",
        "A drain that finds somebody in the partition goes away at once.",
        ("whoever is rung for nothing keeps a worker's thread",),
        somebody_is_in_the_partition,
        reworded(command_log, "_LOCK", (" SKIP LOCKED", "")),
    ),
    Guard(
        "take looks for the lock",
        "Without the partition's lock the statement that takes finds nothing to take, and waits for nobody.",
        ("whoever is rung for nothing keeps a worker's thread",),
        somebody_is_in_the_partition,
        reworded(command_log, "_TAKE", ("current_setting('drumroll.held', true) = %s", "%s::text IS NOT NULL")),
    ),
    Guard(
        "sort by position",
        "What is taken together is decided in the order of the log.",
        ("who came later is before who came earlier",),
        many_batches,
        rewritten(command_log, "_batches", ("sorted((", "list(("), (", key=lambda batch: batch.position)", ")")),
    ),
    Guard(
        "delete the oldest, remember nothing",
        "A batch that becomes visible late is decided all the same.",
        (LYING,),
        a_batch_that_becomes_visible_late,
        reads_on_from_the_last(),
    ),
    Guard(
        "taken in the commit of the effects, not before",
        "What was taken and not decided is in the log again.",
        (LOST,),
        the_line_is_cut_while_deciding,
        rewritten(Drain, "_round", ("self.clock.follow(", "connection.commit(); self.clock.follow(")),
    ),
    Guard(
        "taken in the commit of the effects, not after",
        "What was decided is no longer in the log.",
        (TWICE,),
        a_worker_dies_once_it_has_decided,
        takes_last(),
    ),
)
