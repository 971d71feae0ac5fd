"""One bad command hurts only itself; the good ones around it are decided."""

import contextlib
import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from store import dead
from store.command_log import Place
from store.dead import Retried
from store.work import Work
from tests.support.crashes import KILLED
from tests.support.database import PARTITIONS
from tests.support.factories import entering, sent
from tests.support.faults import handled_by, settled_by
from tests.support.recovery import sweep_and_drain_in_child, swept
from tests.support.servers import wait_until
from tests.support.works import Works, place_of
from tests.workers.queue_room import firing_in
from workers import careful
from workers.drain import Round
from workers.handlers import SETTLES


def among_twenty(works: Works, queue: Queue) -> tuple[Envelope[KnockQueue], list[Any]]:
    """A knock in the midst of twenty people who join, in one batch."""
    bad, good = sent(queue, KnockQueue(queue_id=queue.id)), [entering(queue) for _ in range(20)]
    works.append([*good[:10], bad, *good[10:]])
    return bad, [one.id for one in good]


def assert_only_the_bad_one_failed(works: Works, queue: Queue, bad: Envelope[KnockQueue], good: list[Any]) -> None:
    """Twenty are in the line, one is buried and answered, its operator is owed one mail, and nothing waits."""
    assert works.value("SELECT array_agg(id ORDER BY ticket) FROM queue_entry WHERE queue_id = %s", queue.id) == good
    outcomes = works.outcomes(queue, [bad.id, *good])
    assert outcomes.pop(bad.id)["refused"]["code"] == "INTERNAL_ERROR"
    assert outcomes.keys() == set(good)
    assert works.rows("SELECT id FROM dead_command") == [(bad.id,)]
    assert works.rows("SELECT dedupe_key FROM outbox") == [(f"command.buried:{bad.id}",)]
    assert works.waiting() == []


def test_what_cannot_be_settled_keeps_neither_answers_nor_other_queues_back(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = [works.queue() for _ in range(8)]
    broken, after = queues[0], SETTLES["queue"].settle

    def settles(work: Work, queue_id: UUID, times: Times) -> None:
        if queue_id == broken.id:
            raise ZeroDivisionError("by nothing")
        after(work, queue_id, times)

    settled_by(monkeypatch, "queue", settles)
    people = [entering(queue) for queue in queues]
    works.append(people)
    works.settle()

    assert works.value("SELECT count(*) FROM queue_entry WHERE status = 'GRANTED'") == len(queues) - 1
    assert works.value("SELECT status FROM queue_entry WHERE queue_id = %s", broken.id) == "QUEUED"
    settled_by(monkeypatch, "queue", after)
    works.advance("6 seconds")
    with firing_in(works) as firing:
        firing()
    works.settle()
    assert works.value("SELECT status FROM queue_entry WHERE queue_id = %s", broken.id) == "GRANTED"


def test_a_queue_whose_commands_all_break_is_tried_again_later_and_not_at_once(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        raise ZeroDivisionError("by nothing")

    queue = works.queue(admit_rate=600)
    works.append([entering(queue) for _ in range(1_200)])
    works.settle()
    handled_by(monkeypatch, KnockQueue, raises)
    works.advance("1 minute")
    works.append([sent(queue, KnockQueue(queue_id=queue.id))])
    works.settle()

    assert works.value("SELECT count(*) FROM dead_command") == 1
    assert works.value(
        "SELECT due_at > ledger_now() + interval '3 seconds' FROM timer WHERE aggregate_id = %s", queue.id
    )


def test_a_command_that_raises_is_buried_alone(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        raise ZeroDivisionError("by nothing")

    handled_by(monkeypatch, KnockQueue, raises)
    queue = works.queue()
    bad, good = among_twenty(works, queue)

    assert works.drain.round(place_of(queue)) is Round.DECIDED

    assert_only_the_bad_one_failed(works, queue, bad, good)


def test_a_command_that_cannot_be_written_is_buried_alone(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_a_constraint(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        queue = work.queues.get(sent.body.queue_id)
        assert queue is not None
        work.queues.put(queue.with_line(completed=-1))
        return Reply()

    handled_by(monkeypatch, KnockQueue, breaks_a_constraint)
    queue = works.queue()
    bad, good = among_twenty(works, queue)

    works.drain.round(place_of(queue))
    works.settle()

    assert_only_the_bad_one_failed(works, queue, bad, good)


def test_a_command_that_kills_its_process_is_buried_after_its_tries(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        os._exit(KILLED)

    handled_by(monkeypatch, KnockQueue, dies)
    queue = works.queue()
    bad, good = among_twenty(works, queue)

    deaths = [sweep_and_drain_in_child(works) for _ in range(3 + careful.TRIES)]

    assert deaths.count(KILLED) == 2 + careful.TRIES  # two before the third strike
    assert_only_the_bad_one_failed(works, queue, bad, good)


def test_a_buried_command_tells_when_it_was_received(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    settled_by(monkeypatch, "queue", dies_when_settled)
    queue = works.queue()
    one = entering(queue)
    works.append([one])
    knock_until_buried(works)
    waited = timedelta(microseconds=works.outcomes(queue, [one.id])[one.id]["waitedUs"])
    assert waited >= timedelta(seconds=careful.TRIES)
    assert works.value("SELECT at - %s = received_at FROM journal, dead_command", waited) is True


def test_a_queue_whose_knock_killed_its_process_is_tried_again_later_and_comes_back_to_life(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, healthy = works.queue(), SETTLES["queue"].settle
    works.append([entering(queue) for _ in range(20)])
    works.settle()
    settled_by(monkeypatch, "queue", dies_when_settled)
    works.advance("10 seconds")
    fire(works)
    knock_until_buried(works)
    assert promised_within(works, queue, "0 s", "1 minute")

    works.advance("61 seconds")
    fire(works)
    knock_until_buried(works)
    assert promised_within(works, queue, "90 s", "2 minutes")  # because each time kills processes

    settled_by(monkeypatch, "queue", healthy)
    works.advance("121 seconds")
    fire(works)
    works.settle()
    assert works.value("SELECT count(*) FROM queue_entry WHERE status = 'GRANTED'") == 20


def test_a_knock_that_was_promised_is_not_put_off_by_a_buried_command(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = works.queue(admit_rate=6)
    works.append([entering(queue) for _ in range(3)])
    works.settle()
    promised = works.value("SELECT due_at FROM timer WHERE aggregate_id = %s", queue.id)
    settled_by(monkeypatch, "queue", dies_when_settled)
    works.append([entering(queue)])
    knock_until_buried(works)
    assert works.value("SELECT due_at FROM timer WHERE aggregate_id = %s", queue.id) == promised


def dies_when_settled(work: Work, queue_id: UUID, times: Times) -> None:
    """What brings the worker down and not only the command."""
    os._exit(KILLED)


def fire(works: Works) -> None:
    """The scheduler fires what is due."""
    with firing_in(works) as firing:
        firing()


def knock_until_buried(works: Works) -> None:
    """Process after process dies of what waits, until nothing does."""
    assert works.waiting()
    deaths = [sweep_and_drain_in_child(works) for _ in range(3 + careful.TRIES)]
    assert deaths.count(KILLED) >= careful.TRIES
    assert works.waiting() == []


def promised_within(works: Works, queue: Queue, least: str, most: str) -> bool:
    """Whether the only timer of a queue is due in more than `least` and less than `most`."""
    return works.rows(
        "SELECT due_at - ledger_now() BETWEEN %s::interval AND %s::interval FROM timer WHERE aggregate_id = %s",
        least, most, queue.id,
    ) == [(True,)]  # fmt: skip


@pytest.mark.parametrize(
    "garbage", [b"\xff\x00 no JSON", b'{"no": "list"}', b'[["too", "short"]]', b"[[1,2,3,4,5,6,7,8,9,10,11]]"]
)
def test_a_batch_that_nobody_can_read_is_buried_alone(works: Works, garbage: bytes) -> None:
    queue = works.queue()
    before, after = entering(queue), entering(queue)
    works.append([before])
    works.append([entering(queue)])
    works.rows("UPDATE command_log SET body = %s WHERE position = (SELECT max(position) FROM command_log)", garbage)
    works.append([after])

    wait_until(lambda: sweep_and_drain(works) == [], seconds=60)

    assert works.value("SELECT array_agg(id ORDER BY ticket) FROM queue_entry WHERE queue_id = %s", queue.id) == [
        before.id,
        after.id,
    ]
    (buried,) = works.rows("SELECT id, tenant_id, type FROM dead_command")
    assert (buried.tenant_id.int, buried.type) == (0, "unreadable")
    assert works.rows("SELECT dedupe_key FROM outbox") == [(f"command.buried:{buried.id}",)]
    with works.owner.begin() as connection:
        assert dead.retry(connection, buried.id, PARTITIONS) is Retried.UNREADABLE


def sweep_and_drain(works: Works) -> list[Place]:
    """The sweeper rings, a worker comes, and whatever it raises its process goes on. What is left."""
    for place in swept(works):
        with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError):
            works.drain.round(place)
    return works.waiting()
