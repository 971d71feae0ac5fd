"""Whatever breaks a round, its partition goes on; and whoever is innocent is neither buried nor kept from the answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.claims import Claims
from domain.command import Command, Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import EnterQueue, KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from runtime.broker import redis_client
from store import command_log
from store.command_log import Place
from store.roles import WORKER
from store.work import Work
from tests.support.factories import entering, sent
from tests.support.faults import handled_by
from tests.support.servers import wait_until
from tests.support.works import Works, new_drain, place_of
from workers import careful
from workers.drain import STRIKES, Round
from workers.handlers import HANDLERS, Registration
from workers.unrung import Unrung

ENTER: type[Command] = EnterQueue
_LOCKS = """
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND d.datname = current_database()"""
_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
UNREADABLE_SETTINGS = '{"name": 5}'


def neighbours(works: Works) -> tuple[Queue, Queue]:
    """Two queues of one partition."""
    first = second = works.queue()
    while second == first or place_of(second) != place_of(first):
        second = works.queue()
    return first, second


def strike(works: Works, place: Place) -> None:
    """As if three processes had died over this partition."""
    works.rows("UPDATE log_partition SET strikes = %s WHERE topic = %s AND part = %s", STRIKES, place.topic, place.part)


def entered(works: Works) -> set[Any]:
    """The ids of all participations."""
    return {row.id for row in works.rows("SELECT id FROM queue_entry")}


def dead(works: Works) -> list[Any]:
    """The ids of all dead commands."""
    return [row.id for row in works.rows("SELECT id FROM dead_command")]


def test_a_queue_that_cannot_be_read_keeps_no_other_waiting(works: Works) -> None:
    bad, good = neighbours(works)
    works.rows("UPDATE queue SET config = %s WHERE id = %s", UNREADABLE_SETTINGS, bad.id)
    broken, fine = entering(bad), [entering(good) for _ in range(3)]
    works.append([fine[0], broken, *fine[1:]])

    works.settle()

    assert (dead(works), entered(works)) == ([broken.id], {one.id for one in fine})
    assert works.outcomes(bad, [broken.id])[broken.id]["refused"]["code"] == "INTERNAL_ERROR"


def test_what_breaks_in_the_writing_is_buried_alone(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    def pauses_with_a_number(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        queue = work.queues.get(sent.body.queue_id)
        assert queue is not None
        work.queues.put(replace(queue, version=queue.version + 1, pause=7))  # type: ignore[arg-type] # no row can be made of it
        return Reply()

    handled_by(monkeypatch, KnockQueue, pauses_with_a_number)
    queue = works.queue()
    broken, fine = sent(queue, KnockQueue(queue_id=queue.id)), [entering(queue) for _ in range(3)]
    works.append([fine[0], broken, *fine[1:]])

    works.settle()

    assert (dead(works), entered(works)) == ([broken.id], {one.id for one in fine})


def test_a_command_that_can_neither_be_decided_nor_kept_as_it_is_stays_in_nobodys_way(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        raise ZeroDivisionError("by nothing")

    handled_by(monkeypatch, KnockQueue, raises)
    queue = works.queue()
    no_column_takes_it = replace(sent(queue, KnockQueue(queue_id=queue.id)), gateway="\0")
    fine = [entering(queue) for _ in range(3)]
    works.append([fine[0], no_column_takes_it, *fine[1:]])

    works.settle()

    assert works.value("SELECT type FROM dead_command") == "unreadable"
    assert entered(works) == {one.id for one in fine}


def test_a_command_without_a_handler_here_is_not_buried_by_a_careful_drain(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = works.queue()
    ahead, known = entering(queue), sent(queue, KnockQueue(queue_id=queue.id))
    works.append([ahead, known])
    with monkeypatch.context() as older:
        older.delitem(HANDLERS, ENTER)
        strike(works, place_of(queue))
        works.drain.round(place_of(queue))
        assert dead(works) == []
        assert works.value("SELECT ids FROM command_log") == [ahead.id]
    works.settle()
    assert (dead(works), entered(works)) == ([], {ahead.id})


def test_while_one_goes_carefully_the_others_count_and_forgive_nothing(works: Works) -> None:
    queue = works.queue()
    place, people = place_of(queue), [entering(queue) for _ in range(3)]
    works.append(people)
    strike(works, place)
    with command_log.alone(works.drain.ledger, place) as first:
        assert first is not None
        assert {works.drain.round(place) for _ in range(2 * careful.TRIES)} == {Round.NOT_MINE}
        assert works.value("SELECT (n, attempts)::text FROM command_log") == "(3,0)"
        assert works.value("SELECT sum(strikes) FROM log_partition") == STRIKES
    assert works.drain.round(place) is Round.STRUCK
    assert (dead(works), entered(works)) == ([], {one.id for one in people})
    assert works.value("SELECT sum(strikes) FROM log_partition") == 0


def test_a_careful_drain_leaves_no_lock_behind_whatever_ends_it(works: Works) -> None:
    place = Place("queue", 0)
    with pytest.raises(ZeroDivisionError), command_log.alone(works.drain.ledger, place):
        raise ZeroDivisionError
    wait_until(lambda: works.value(_LOCKS) == 0)
    with command_log.alone(works.drain.ledger, place) as again:
        assert again is not None
    assert works.value(_LOCKS) == 0


def test_a_try_that_is_counted_is_made_however_many_drains_meet(works: Works) -> None:
    queue = works.queue()
    place, people = place_of(queue), [entering(queue) for _ in range(60)]
    works.append(people)
    works.rows("ALTER TABLE command_log ADD CHECK (attempts <= 1)")
    together = threading.Barrier(8)

    def goes_carefully(_: int) -> None:
        together.wait()
        for _ in range(6):
            careful.oldest_batch(drain, place)

    engine = works.database.engine(WORKER, pool=10)
    with new_drain(engine, works.redis_url) as drain, ThreadPoolExecutor(8) as threads:
        list(threads.map(goes_carefully, range(8)))
    engine.dispose()
    works.settle()

    assert (dead(works), entered(works)) == ([], {one.id for one in people})


def test_a_careful_drain_waits_for_whoever_looks_at_the_partition(works: Works) -> None:
    queue = works.queue()
    place, one = place_of(queue), entering(queue)
    works.append([one])
    with ThreadPoolExecutor(1) as threads, works.owner.begin() as sweeping:
        assert command_log.lock(sweeping, place) is not None
        ended = threads.submit(careful.oldest_batch, works.drain, place)
        wait_until(lambda: works.value(_WAITERS) == 1)
        sweeping.commit()
        assert ended.result()
    assert entered(works) == {one.id}


def test_a_partition_that_cannot_be_drained_keeps_those_after_it_waiting_no_longer(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = [works.queue() for _ in range(12)]
    works.append([entering(queue) for queue in queues])
    broken = place_of(queues[0])
    before = HANDLERS[ENTER]

    def wants(work: Work, sent: Envelope[Command]) -> None:
        if place_of(replace(queues[0], id=sent.body.aggregate_id)) == broken:
            raise PoolTimeout("no connection is free")
        before.wants(work, sent)

    monkeypatch.setitem(HANDLERS, ENTER, Registration(before.handler, wants))
    assert Unrung(works.drain, ("queue",), []).drain_waiting() == {Round.NOT_MINE, Round.DECIDED}
    assert works.waiting() == [broken]


def test_a_token_that_cannot_be_signed_keeps_no_other_answer_back(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grants(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        return Reply(secrets={"admissionGrant": Claims("grant", "admission+jwt", {})})

    handled_by(monkeypatch, KnockQueue, grants)
    queue = works.queue()
    unsigned, answered = sent(queue, KnockQueue(queue_id=queue.id)), entering(queue)
    works.append([unsigned, answered])
    heard: dict[str, bytes] = {}
    with redis_client(works.redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("replies:tests", f"changed:{queue.id}")

        assert works.drain.round(place_of(queue)) is Round.DECIDED

        def both() -> bool:
            message = channel.get_message(timeout=0.1)
            if message is not None:
                heard[message["channel"].decode()] = message["data"]
            return len(heard) == 2

        wait_until(both)
    assert [one[0] for one in orjson.loads(heard["replies:tests"])] == [str(answered.id)]
    assert dead(works) == []
    assert works.outcomes(queue, [unsigned.id]).keys() == {unsigned.id}


def test_settings_of_a_newer_program_are_worked_with(works: Works) -> None:
    queue = works.queue()
    for table, column in (("queue", "config"), ("experience", "settings"), ("organization", "settings")):
        works.rows(f"""UPDATE {table} SET {column} = {column} || '{{"brandNew": {{"deep": 1}}}}'""")  # noqa: S608 (ours)
    one = entering(queue)
    works.append([one])
    works.settle()
    assert (dead(works), entered(works)) == ([], {one.id})
