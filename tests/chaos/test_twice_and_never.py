"""What is sent twice, answered by nobody, or decided long after it came."""

import contextlib
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import pytest

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import EnterQueue, KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from store import command_log
from store.roles import WORKER
from store.wire import arrays, encode
from store.work import Work
from tests.support.factories import entering, sent
from tests.support.faults import handled_by
from tests.support.works import Works, new_drain, place_of
from workers.drain import Round


def entries_of(works: Works, queue: Queue) -> list[Any]:
    """The ids of a queue's entries, in the order of their tickets."""
    return [row.id for row in works.rows("SELECT id FROM queue_entry WHERE queue_id = %s ORDER BY ticket", queue.id)]


@pytest.mark.parametrize("keyed", [None, "fingerprint"], ids=["by its row", "by its key"])
def test_the_same_command_twice_in_one_batch_has_one_effect(works: Works, keyed: str | None) -> None:
    queue = works.queue()
    one = entering(queue, keyed=keyed)
    works.append([one, one])
    works.settle()
    assert entries_of(works, queue) == [one.id]


@pytest.mark.parametrize("keyed", [None, "fingerprint"], ids=["by its row", "by its key"])
def test_an_append_sent_again_after_its_first_copy_was_decided_has_one_effect(works: Works, keyed: str | None) -> None:
    queue = works.queue()
    people = [entering(queue, keyed=keyed) for _ in range(5)]
    works.append(people)
    works.settle()
    first = works.outcomes(queue, [one.id for one in people])
    works.append(people)
    works.settle()
    assert entries_of(works, queue) == [one.id for one in people]
    again = works.outcomes(queue, [one.id for one in people])
    assert {key: kept["body"]["participationId"] for key, kept in again.items()} == {
        key: kept["body"]["participationId"] for key, kept in first.items()
    }


def test_an_append_sent_again_before_its_first_copy_was_decided_has_one_effect(works: Works) -> None:
    queue = works.queue()
    people = [entering(queue) for _ in range(5)]
    works.append(people)
    works.append(people)
    works.settle()
    assert entries_of(works, queue) == [one.id for one in people]


def test_a_key_used_again_with_another_body_is_refused_and_changes_nothing(works: Works) -> None:
    queue = works.queue()
    one = entering(queue, keyed="a body")
    works.append([one])
    works.settle()
    other = sent(queue, EnterQueue(queue_id=queue.id, consumer_id=one.id), command_id=one.id, keyed="another body")
    works.append([other])
    works.settle()
    assert entries_of(works, queue) == [one.id]
    assert "refused" not in works.outcomes(queue, [one.id])[one.id]


def test_an_unknown_version_is_handed_back_and_decided_by_a_newer_worker(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, good = works.queue(), []
    newer = sent(queue, KnockQueue(queue_id=queue.id))
    works.append([newer])
    (array,) = arrays(encode([newer]))
    array[2] = 7
    works.rows("UPDATE command_log SET body = %s", orjson.dumps([array]))
    good = [entering(queue) for _ in range(3)]
    works.append(good)

    assert works.drain.round(place_of(queue)) is Round.DECIDED
    assert works.drain.round(place_of(queue)) is Round.HANDED_BACK
    assert entries_of(works, queue) == [one.id for one in good]
    assert works.value("SELECT sum(n) FROM command_log") == 1

    monkeypatch.setattr(KnockQueue, "version", 7)
    works.settle()
    assert "refused" not in works.outcomes(queue, [newer.id])[newer.id]
    assert works.value("SELECT count(*) FROM dead_command") == 0


def test_two_drainers_never_own_one_partition_at_once(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def counted(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        work.connection.exec_driver_sql("SELECT pg_sleep(0.002)")
        with lock:
            inside -= 1
        return Reply()

    handled_by(monkeypatch, KnockQueue, counted)
    queue, barrier = works.queue(), threading.Barrier(2)
    knocks = [sent(queue, KnockQueue(queue_id=queue.id)) for _ in range(40)]
    for one in knocks:
        works.append([one])
    monkeypatch.setattr("workers.drain.BOUND", 1)

    def drain() -> Counter[Round]:
        ended = Counter[Round]()
        while works.waiting():
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=10)
            ended[works.drain.round(place_of(queue))] += 1
        barrier.abort()
        return ended

    with ThreadPoolExecutor(2) as threads:
        first, second = (future.result() for future in [threads.submit(drain), threads.submit(drain)])

    both = first + second
    assert most == 1
    assert both[Round.NOT_MINE] > 0
    assert works.outcomes(queue, [one.id for one in knocks]).keys() == {one.id for one in knocks}
    assert works.value("SELECT sum(cardinality(command_ids)) FROM journal WHERE aggregate_id = %s", queue.id) == 40


def test_grants_given_after_a_long_stop_are_good_for_their_full_time(works: Works) -> None:
    queue = works.queue(admit_rate=600, admission_expiration_seconds=900)
    one = entering(queue)
    works.append([one])

    works.database.advance("1 day")
    before = works.value("SELECT ledger_now()")
    works.settle()

    entry = works.rows("SELECT status, received_at, granted_at, expires_at FROM queue_entry WHERE id = %s", one.id)[0]
    assert entry.status == "GRANTED"
    assert entry.received_at < before - timedelta(hours=23)
    assert entry.granted_at >= before
    assert entry.expires_at == entry.granted_at + timedelta(seconds=900)


def test_a_reply_that_cannot_be_sent_is_found_in_the_journal(works: Works) -> None:
    queue = works.queue()
    one = entering(queue)
    works.append([one])
    with new_drain(works.database.engine(WORKER), "redis://127.0.0.1:1/0") as deaf:
        assert deaf.round(place_of(queue)) is Round.DECIDED
        deaf.ledger.engine.dispose()
    assert works.outcomes(queue, [one.id])[one.id]["body"]["status"] in {"QUEUED", "GRANTED"}


def test_nothing_is_taken_by_a_drain_that_rolls_back(works: Works) -> None:
    queue = works.queue()
    works.append([entering(queue)])
    with works.worker.connect() as connection:
        assert command_log.lock(connection, place_of(queue)) is not None
        assert len(command_log.take(connection, place_of(queue), 1000)) == 1
        connection.rollback()
    assert works.waiting() == [place_of(queue)]
