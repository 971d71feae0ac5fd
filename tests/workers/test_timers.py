"""Promises with a date are kept by whoever gets there first: never early, never twice, never forgotten."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from domain.decision import Timer
from domain.queue.commands import KnockQueue
from runtime import metrics
from runtime.broker import redis_client
from runtime.clock import Clock
from store import timers
from store.roles import SCHEDULER, WORKER
from store.timers import Due
from tests.support.database import PARTITIONS, TestDatabase
from tests.support.processes import end, running_scheduler
from tests.support.servers import query, wait_until
from workers.firing import LONGEST_REST, Firing, Listening
from workers.loops import Loop, Loops
from workers.replies import nudge_timers


def fired(store: TestDatabase) -> list[tuple[UUID, datetime]]:
    """What was appended to the log: of which aggregate, and when."""
    with psycopg.connect(store.owner) as connection:
        return connection.execute(
            "SELECT unnest(aggregates), appended_at FROM command_log ORDER BY position"
        ).fetchall()


def ledger_now(store: TestDatabase) -> datetime:
    """The ledger's time."""
    ((now,),) = query(store.owner, "SELECT ledger_now()")
    assert isinstance(now, datetime)
    return now


def promise(store: TestDatabase, due: dict[UUID, datetime | None]) -> None:
    """Set a knock for each of these queues, as a drain does."""
    engine = store.engine(WORKER, pool=1)
    tenant = uuid4()
    with engine.begin() as connection:
        knocks = [Timer(queue_id, "knock", at, KnockQueue(queue_id=queue_id)) for queue_id, at in due.items()]
        timers.write(connection, [(tenant, timer) for timer in knocks])
    engine.dispose()


@contextmanager
def firing(store: TestDatabase) -> Iterator[Firing]:
    """The timers' step of a scheduler."""
    engine = store.engine(SCHEDULER, pool=1)
    yield Firing(engine, PARTITIONS, lambda _: None)
    engine.dispose()


@contextmanager
def scheduling(store: TestDatabase) -> Iterator[None]:
    """A scheduler's loop over the timers, in a thread."""
    with firing(store) as step:
        loops = Loops([Loop("timers", step)])
        loops.start()
        yield
        assert loops.stop()


def spread(store: TestDatabase, count: int, seconds: float) -> dict[UUID, datetime]:
    """Timers due one after another, the first in half a second."""
    start = ledger_now(store) + timedelta(seconds=0.5)
    return {uuid4(): start + timedelta(seconds=seconds * number / count) for number in range(count)}


def test_two_schedulers_fire_five_hundred_timers_once_each_and_none_early(store: TestDatabase) -> None:
    counted = lateness_count()
    due = spread(store, 500, 1.0)
    promise(store, dict(due))
    with scheduling(store), scheduling(store):
        wait_until(lambda: len(fired(store)) >= 500, seconds=30)
    happened = fired(store)
    late = sorted((at - due[aggregate]).total_seconds() for aggregate, at in happened)
    assert Counter(aggregate for aggregate, _ in happened) == Counter(due.keys())
    assert late[0] >= 0
    assert late[len(late) // 2] < 2
    assert late[-1] < 10
    assert query(store.owner, "SELECT count(*) FROM timer") == [(0,)]
    assert lateness_count() - counted == 500


def lateness_count() -> float:
    """How many fires the metric has seen."""
    return sum(one.value for one in next(iter(metrics.timer_lateness.collect())).samples if one.name.endswith("_count"))


class LateClock(Clock):
    """A clock by which ten seconds pass between two looks."""

    def monotonic(self) -> float:
        """Ten seconds later."""
        self.offset += timedelta(seconds=10)
        return self.offset.total_seconds()


def test_what_a_look_took_is_taken_off_the_rest(store: TestDatabase) -> None:
    promise(store, {uuid4(): ledger_now(store) + timedelta(hours=1)})
    with firing(store) as step:
        assert step() == LONGEST_REST
        assert replace(step, clock=LateClock())() == LONGEST_REST
    promise(store, {uuid4(): ledger_now(store) + timedelta(seconds=5)})
    with firing(store) as step:
        assert step() == LONGEST_REST
        assert replace(step, clock=LateClock())() == 0.0


def test_a_scheduler_that_is_killed_loses_and_doubles_no_timer(store: TestDatabase, redis_server: str) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(running_scheduler(store, redis_server))
        due, later = spread(store, 100, 1.0), spread(store, 100, 1.0)
        due |= {own_id: at + timedelta(hours=1) for own_id, at in later.items()}
        promise(store, dict(due))
        wait_until(lambda: len(fired(store)) >= 50, seconds=30)
        assert end(first, signal.SIGKILL) == -signal.SIGKILL
        missing = 200 - len(fired(store))
        store.advance("1 hour")
        stack.enter_context(running_scheduler(store, redis_server))
        wait_until(lambda: len(fired(store)) >= 200, seconds=30)
    happened = fired(store)
    assert missing >= 100
    assert Counter(aggregate for aggregate, _ in happened) == Counter(due.keys())
    assert all(at >= due[aggregate] for aggregate, at in happened)


def test_a_scheduler_that_is_told_to_stop_ends_clean(store: TestDatabase, redis_server: str) -> None:
    with running_scheduler(store, redis_server) as process:
        assert end(process) == 0


def test_a_timer_that_was_moved_fires_once_and_at_its_new_time(store: TestDatabase) -> None:
    queue, soon = uuid4(), ledger_now(store)
    promise(store, {queue: soon})
    promise(store, {queue: soon + timedelta(hours=1)})
    with firing(store) as step:
        step()
        assert fired(store) == []
        store.advance("1 hour")
        step()
        step()
    ((aggregate, at),) = fired(store)
    assert (aggregate, at >= soon + timedelta(hours=1)) == (queue, True)


def test_a_cancelled_timer_does_not_fire(store: TestDatabase) -> None:
    queue = uuid4()
    promise(store, {queue: ledger_now(store)})
    promise(store, {queue: None})
    with firing(store) as step:
        step()
    assert fired(store) == []


def test_each_move_of_a_timer_sends_a_command_of_its_own() -> None:
    queue, at = uuid4(), datetime.fromisoformat("2026-11-21T20:00:00+00:00")
    ids = {timers.fired(due(queue, at, generation), KnockQueue(queue_id=queue)).id for generation in (1, 1, 2)}
    assert len(ids) == 2


def due(queue: UUID, at: datetime, generation: int) -> Due:
    """A knock that has come due."""
    return Due(uuid4(), queue, "knock", generation, at, "queue.knock", 1, {"queue_id": str(queue)})


@pytest.mark.parametrize(
    "unknown",
    ["UPDATE timer SET type = 'auction.close'", "UPDATE timer SET version = 9"],
    ids=["of another kind", "of a newer version"],
)
def test_a_command_that_a_scheduler_does_not_know_is_left_for_a_newer_one(
    store: TestDatabase, unknown: LiteralString
) -> None:
    later, known = uuid4(), uuid4()
    promise(store, {later: ledger_now(store) - timedelta(hours=1)})
    query(store.owner, unknown)
    promise(store, {known: ledger_now(store)})
    with firing(store) as step:
        assert step() > 0.05
    assert [aggregate for aggregate, _ in fired(store)] == [known]
    assert query(store.owner, "SELECT aggregate_id FROM timer") == [(later,)]


def test_a_body_that_nobody_can_read_is_put_off_and_stops_nobody(store: TestDatabase) -> None:
    bad, good = uuid4(), uuid4()
    promise(store, {bad: ledger_now(store) - timedelta(hours=1)})
    query(store.owner, "UPDATE timer SET body = '{}'")
    promise(store, {good: ledger_now(store)})
    with firing(store) as step:
        step()
    assert [aggregate for aggregate, _ in fired(store)] == [good]
    assert query(store.owner, "SELECT aggregate_id, due_at > ledger_now() + '50 s' FROM timer") == [(bad, True)]


def test_a_timer_of_an_unknown_type_is_unreadable_even_where_the_store_hands_it_out(store: TestDatabase) -> None:
    now = ledger_now(store)
    bad, good = replace(due(uuid4(), now, 1), type="auction.close"), due(uuid4(), now, 1)
    with firing(store) as step, step.transactions.begin() as connection:
        step._fire(connection, [bad, good], now)
    assert [aggregate for aggregate, _ in fired(store)] == [good.aggregate_id]


def test_looking_for_what_is_due_costs_no_more_with_many_timers(store: TestDatabase) -> None:
    query(
        store.owner,
        "INSERT INTO timer (aggregate_id, purpose, tenant_id, topic, due_at, type, version, body) "
        "SELECT gen_random_uuid(), 'knock', gen_random_uuid(), 'queue', now() + interval '1 hour', 'queue.knock', 1, "
        "'{}' FROM generate_series(1, 20000)",
    )
    query(store.owner, "ANALYZE timer")
    engine = store.engine(SCHEDULER, pool=1)
    with engine.begin() as connection:
        explained = connection.exec_driver_sql(
            "EXPLAIN (FORMAT JSON) " + timers._CLAIM, (ledger_now(store), timers._KNOWN, 200)
        )
        plan = orjson.dumps(explained.scalar_one()).decode()
    engine.dispose()
    assert "timer_due_at" in plan
    assert "Index Cond" in plan


def test_a_nudge_wakes_the_scheduler(redis_server: str) -> None:
    listener, sender, wake = redis_client(redis_server), redis_client(redis_server), threading.Event()
    loops = Loops([Loop("listening", Listening(listener, wake))])
    loops.start()

    def heard() -> bool:
        nudge_timers(sender)
        return wake.is_set()

    wait_until(heard)
    assert loops.stop()
    listener.close()
    sender.close()
