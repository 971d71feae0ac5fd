"""Guards against what breaks, and kills: one command fails alone, is buried when it must be, and nothing owed is forgotten."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import workers.decide
from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.state import Queue
from domain.times import Times
from store import command_log
from store.database import AWAY
from store.roles import WORKER
from store.work import Work
from tests.controls.guard import Guard
from tests.controls.removing import reworded, rewritten
from tests.controls.scenes import (
    BURIED,
    few_rounds,
    knock,
    people,
    raises,
    set_to,
)
from tests.support.crashes import KILLED
from tests.support.factories import LONG_AGO, entering
from tests.support.faults import knocks_that
from tests.support.recovery import sweep_and_drain_in_child
from tests.support.works import Works, new_drain, place_of
from tests.workers.queue_room import firing_in
from workers import careful, queue_upkeep
from workers.drain import Drain, Round
from workers.knocking import Knocking

STANDS_STILL = "a partition stands still"


def one_of_many_raises(works: Works) -> Iterator[str]:
    """A rule has a bug, and one of many meets it."""
    queue = works.queue()
    good = people(queue, 10)
    works.append([*good[:5], knock(queue), *good[5:]])
    with knocks_that(raises):
        if works.drain.round(place_of(queue)) is not Round.DECIDED:
            yield "the others are decided one by one"


def one_of_many_cannot_be_written(works: Works) -> Iterator[str]:
    """What follows from one of many breaks a constraint."""

    def breaks_a_constraint(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        queue = work.queues.get(one.body.queue_id)
        assert queue is not None
        work.queues.put(queue.with_line(completed=-1))
        return Reply()

    queue = works.queue()
    good = people(queue, 10)
    works.append([*good[:5], knock(queue), *good[5:]])
    with knocks_that(breaks_a_constraint):
        for _ in range(2):
            works.drain.round(place_of(queue))
    if works.waiting():
        yield STANDS_STILL
    elif works.value("SELECT count(*) FROM dead_command") != 1:
        yield BURIED


def one_kills_whoever_decides_it(works: Works) -> Iterator[str]:
    """A command ends every process that decides it."""

    def dies(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        os._exit(KILLED)

    queue = works.queue()
    good = people(queue, 4)
    works.append([*good[:2], knock(queue), *good[2:]])
    with knocks_that(dies):
        for _ in range(4 + careful.TRIES):
            sweep_and_drain_in_child(works)
    if works.waiting():
        yield STANDS_STILL


class Together:
    """Whoever tries waits until everybody else tries as well, or has gone."""

    def __init__(self, everybody: int) -> None:
        self._everybody, self._here, self._changed = everybody, 0, threading.Condition()

    def arrived(self) -> None:
        """One more acts or has gone."""
        with self._changed:
            self._here += 1
            self._changed.notify_all()

    def acting(self, act: Callable[..., None]) -> Callable[..., None]:
        """The same act, once nobody is missing."""

        def acts(*all_of_it: Any) -> None:
            self.arrived()
            with self._changed:
                assert self._changed.wait_for(lambda: self._here >= self._everybody, timeout=10)
            act(*all_of_it)

        return acts


def many_go_carefully(works: Works) -> Iterator[str]:
    """Six workers come to a struck partition at once, and each is slow between counting a try and making it."""
    queue, crowd, together = works.queue(), careful.TRIES + 1, Together(careful.TRIES + 1)
    works.append(people(queue, 1))

    def goes() -> None:
        with suppress(*AWAY):
            careful.oldest_batch(drain, place_of(queue))
        together.arrived()

    engine = works.database.engine(WORKER, pool=crowd + 1)
    with (
        new_drain(engine, works.redis_url) as drain,
        ThreadPoolExecutor(crowd) as threads,
        set_to(careful, "_try", together.acting(careful._try)),
    ):
        for ended in [threads.submit(goes) for _ in range(crowd)]:
            ended.result()
    engine.dispose()
    few_rounds(works)
    if works.value("SELECT count(*) FROM dead_command"):
        yield "an innocent command is buried"


def the_store_is_away_while_one_is_tried(works: Works) -> Iterator[str]:
    """Postgres ends a statement of a careful drain, because it took too long."""

    def is_cancelled(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        work.connection.exec_driver_sql("SET LOCAL statement_timeout = 1")
        work.connection.exec_driver_sql("SELECT pg_sleep(1)").all()
        return Reply()

    queue = works.queue()
    works.append([knock(queue)])
    with knocks_that(is_cancelled), suppress(*AWAY):
        careful.oldest_batch(works.drain, place_of(queue))
    if works.value("SELECT count(*) FROM dead_command"):
        yield "an innocent command is buried"


def settling_breaks_once(works: Works) -> Iterator[str]:
    """What is due to a queue breaks, and nobody sends anything any more."""
    queue = works.queue()
    one = entering(queue)
    works.append([one])
    with set_to(queue_upkeep, "_call", raises):
        works.settle()
    yield from _never_let_in(works, queue, "6 seconds")


def a_knock_kills_processes(works: Works) -> Iterator[str]:
    """The knock of an opening kills whoever does what is due, until it is buried; then the reason is mended."""

    def dies(*_: Any) -> None:
        os._exit(KILLED)

    opens_at = works.value("SELECT ledger_now() + interval '1 minute'")
    queue = works.queue(entry_open_at=LONG_AGO, open_at=opens_at)
    works.append([entering(queue)])
    works.settle()
    works.advance("61 seconds")
    with firing_in(works) as firing:
        firing()
    with set_to(queue_upkeep, "_call", dies):
        for _ in range(4 + careful.TRIES):
            sweep_and_drain_in_child(works)
    assert works.value("SELECT count(*) FROM dead_command") == 1
    yield from _never_let_in(works, queue, "2 minutes")


def _never_let_in(works: Works, queue: Queue, later: str) -> Iterator[str]:
    works.advance(later)
    with firing_in(works) as firing:
        firing()
    works.settle()
    if works.value("SELECT inside FROM queue WHERE id = %s", queue.id) == 0:
        yield "what is due is never tried again"


def many_die_of_one_queue(works: Works) -> Iterator[str]:
    """What is due breaks every knock; the queue's line is long."""
    queue = works.queue(admit_rate=600)
    works.append(people(queue, 1_200))
    works.settle()
    works.advance("1 minute")
    works.append([knock(queue)])
    with knocks_that(raises):
        works.settle()
    if not works.rows(
        "SELECT FROM timer WHERE aggregate_id = %s AND due_at > ledger_now() + interval '3 seconds'", queue.id
    ):
        yield "what breaks is tried again at once"


GUARDS = (
    Guard(
        "each command in its own try",
        "A rule that raises fails one command and keeps nobody back.",
        ("the others are decided one by one",),
        one_of_many_raises,
        rewritten(workers.decide, "_decide_one", ("except Exception as broken:", "except GeneratorExit as broken:")),
    ),
    Guard(
        "a broken batch is taken apart",
        "A batch that cannot be written is gone through one command at a time.",
        (STANDS_STILL,),
        one_of_many_cannot_be_written,
        rewritten(
            Drain, "round", ("return ended if careful.oldest_batch(self, place) else Round.NOT_MINE", "return ended")
        ),
    ),
    Guard(
        "three strikes",
        "A partition in which processes die again and again is drained carefully.",
        (STANDS_STILL,),
        one_kills_whoever_decides_it,
        rewritten(Drain, "_round", ("if lease.strikes >= STRIKES and batches:", "if False:")),
    ),
    Guard(
        "a try is counted before it is made",
        "A command that kills its process is buried after five tries.",
        (STANDS_STILL,),
        one_kills_whoever_decides_it,
        rewritten(
            careful, "_counted", ("command_log.count_try(connection, place)", "command_log.oldest(connection, place)")
        ),
    ),
    Guard(
        "careful, and alone",
        "One at a time goes through a partition carefully, so that every try that is counted is made.",
        ("an innocent command is buried",),
        many_go_carefully,
        reworded(
            command_log,
            "_BE_ALONE",
            ("pg_try_advisory_lock(hashtext('careful:' || %s), %s)", "hashtext(%s) + %s IS NOT NULL"),
        ),
    ),
    Guard(
        "away is nobody's fault",
        "While the store is away, or slow, no command is buried for it.",
        ("an innocent command is buried",),
        the_store_is_away_while_one_is_tried,
        rewritten(careful, "_try", ("except AWAY as failure:", "except GeneratorExit as failure:")),
    ),
    Guard(
        "what cannot be settled is promised again",
        "What is due to a queue and broke is tried again by itself.",
        ("what is due is never tried again",),
        settling_breaks_once,
        rewritten(workers.decide, "_settle", ("settling.again(work, aggregate_id, work.now + AGAIN_AFTER)", "pass")),
    ),
    Guard(
        "a burial promises a knock",
        "What is due to a queue and killed processes is tried again by itself.",
        ("what is due is never tried again",),
        a_knock_kills_processes,
        rewritten(careful, "_promised_again", ("if settling is None:", "if True:")),
    ),
    Guard(
        "what broke waits",
        "A queue whose command broke is knocked at after a while, not at once.",
        ("what breaks is tried again at once",),
        many_die_of_one_queue,
        rewritten(Knocking, "promise", ("due = max(due, times.now + AGAIN_AFTER)", "pass")),
    ),
)
