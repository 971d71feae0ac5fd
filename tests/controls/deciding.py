"""Guards of deciding: once each, one alone, by the right time, and nothing owed is forgotten."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis

import workers.decide
import workers.drain
from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import CreateQueue, KnockQueue, LeaveQueue, PauseQueue, ResumeQueue
from domain.queue.config import QueueConfig
from domain.queue.rules import entering as entering_rules
from domain.queue.rules import running
from domain.queue.state import Queue
from domain.times import Times
from runtime.broker import redis_client
from store import command_log, dead
from store.database import AWAY
from store.roles import WORKER
from store.work import Work
from tests.controls.guard import Guard
from tests.controls.removing import all_of, reworded, rewritten
from tests.controls.scenes import (
    BURIED,
    COUNTS,
    TWICE,
    TWO_TICKETS,
    few_rounds,
    knock,
    knocks_that,
    people,
    refused,
    set_to,
    wrong_with,
)
from tests.support.crashes import KILLED
from tests.support.database import PARTITIONS
from tests.support.factories import LONG_AGO, entering, sent
from tests.support.faults import settled_by
from tests.support.recovery import sweep_and_drain_in_child
from tests.support.servers import wait_until
from tests.support.works import Works, new_drain, place_of
from tests.workers.queue_room import firing_in
from workers import careful, queue_upkeep
from workers.drain import Drain, Round
from workers.queue_upkeep import SLICE

DIFFERENT = "a repeat is told something else"
AGAIN = "a repeat does it again"
TURNED_AWAY = "who came in time is turned away"
STANDS_STILL = "a partition stands still"
_DIES_AT_COMMIT = """
CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dies()"""


def twice_in_one_batch(works: Works) -> Iterator[str]:
    """A batch holds the same call two times."""
    queue = works.queue()
    one = sent(queue, PauseQueue(queue_id=queue.id), keyed="a body")
    works.append([one, one])
    works.settle()
    yield from wrong_with(works, queue, one)


def again_after_leaving(works: Works) -> Iterator[str]:
    """A call that joins is sent again, long after the person has left."""
    queue = works.queue()
    one = entering(queue)
    works.append([one])
    works.settle()
    works.append([sent(queue, LeaveQueue(queue_id=queue.id, consumer_id=one.body.consumer_id))])
    works.settle()
    works.append([one])
    few_rounds(works)
    yield from wrong_with(works, queue)


def a_queue_is_made_twice(works: Works) -> Iterator[str]:
    """The answer to a call that makes a queue is lost, and it is sent again."""
    under = works.queue()
    own_id = uuid4()
    command = CreateQueue(
        queue_id=own_id, sequence_id=under.sequence_id, config=QueueConfig(name="Door", admit_rate=60)
    )
    made = replace(under, id=own_id)
    for one in (sent(under, command, command_id=own_id), entering(made), sent(under, command, command_id=own_id)):
        works.append([one])
        works.settle()
    yield from wrong_with(works, made)


def again_under_its_key(works: Works) -> Iterator[str]:
    """A call under a key was decided and undone; then it comes once more."""
    queue = works.queue()
    pause = sent(queue, PauseQueue(queue_id=queue.id), keyed="a body")
    for one in (pause, sent(queue, ResumeQueue(queue_id=queue.id)), pause):
        works.append([one])
        works.settle()
    if works.value("SELECT pause FROM queue WHERE id = %s", queue.id) is not None:
        yield AGAIN


def another_body_under_a_key(works: Works) -> Iterator[str]:
    """A key is used again for something else."""
    queue = works.queue()
    one = sent(queue, PauseQueue(queue_id=queue.id), keyed="a body")
    other = sent(queue, PauseQueue(queue_id=queue.id, reason="rain"), command_id=one.id, keyed="another body")
    works.append([one])
    works.settle()
    with redis_client(works.redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("replies:tests")
        works.append([other])
        works.settle()
        if b"IDEMPOTENCY_KEY_REUSED" not in _heard(channel):
            yield "another body is told the outcome of the first"


def _heard(channel: redis.client.PubSub) -> bytes:
    found = list[bytes]()

    def something() -> bool:
        message = channel.get_message(timeout=0.1)
        found.extend([message["data"]] if message else [])
        return bool(found)

    wait_until(something)
    return found[0]


def retried_by_the_operator(works: Works) -> Iterator[str]:
    """A call broke, its reason was mended, and the operator sends it again."""
    queue = works.queue()
    one = sent(queue, KnockQueue(queue_id=queue.id), keyed="a body")
    works.append([one])
    with knocks_that(_raises):
        works.settle()
    with works.owner.begin() as connection:
        dead.retry(connection, one.id, PARTITIONS)
    works.settle()
    if refused(works, queue, one) is not None:
        yield "what was mended is never decided"


def _raises(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
    raise ZeroDivisionError("by nothing")


def one_of_many_raises(works: Works) -> Iterator[str]:
    """A rule has a bug, and one of many meets it."""
    queue = works.queue()
    good = people(queue, 10)
    works.append([*good[:5], knock(queue), *good[5:]])
    with knocks_that(_raises):
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
    with set_to(queue_upkeep, "_call", _raises):
        works.settle()
    yield from _never_let_in(works, queue, "6 seconds")


def a_knock_kills_processes(works: Works) -> Iterator[str]:
    """What is due to a queue kills whoever does it, until the command is buried; then the reason is mended."""

    def dies(*_: Any) -> None:
        os._exit(KILLED)

    queue = works.queue()
    works.append([entering(queue)])
    with set_to(queue_upkeep, "_call", dies):
        for _ in range(4 + careful.TRIES):
            sweep_and_drain_in_child(works)
    works.append([entering(queue)])
    works.rows("DELETE FROM command_log")
    if works.value("SELECT count(*) FROM timer WHERE aggregate_id = %s", queue.id) != 1:
        yield "what is due is never tried again"


def _never_let_in(works: Works, queue: Queue, later: str) -> Iterator[str]:
    works.advance(later)
    with firing_in(works) as firing:
        firing()
    works.settle()
    if works.value("SELECT inside FROM queue WHERE id = %s", queue.id) == 0:
        yield "what is due is never tried again"


def opening(works: Works, size: int) -> Queue:
    """A queue that opens now, with so many people who came before; somebody has knocked."""
    now = works.value("SELECT ledger_now()")
    queue = works.queue(admit_rate=600_000, entry_open_at=LONG_AGO, open_at=now + timedelta(minutes=1))
    works.append(people(queue, size))
    works.settle()
    works.advance("61 seconds")
    works.append([knock(queue)])
    return queue


def inside(works: Works, queue: Queue) -> int:
    """How many are inside."""
    return int(works.value("SELECT inside FROM queue WHERE id = %s", queue.id))


def more_than_a_slice(works: Works) -> Iterator[str]:
    """A queue opens for more people than fit into one drain, and nobody sends anything any more."""
    queue = opening(works, SLICE + 10)
    works.settle()
    if inside(works, queue) == SLICE:
        yield "the second slice never comes"


def somebody_comes_between_two_slices(works: Works) -> Iterator[str]:
    """A queue opens for more people than fit into one drain, and somebody comes after the first."""
    queue = opening(works, SLICE + 10)
    works.drain.round(place_of(queue))
    works.append([entering(queue)])
    works.drain.round(place_of(queue))
    if inside(works, queue) > SLICE:
        yield "who comes during an admission waits for the next slice"


def many_die_of_one_queue(works: Works) -> Iterator[str]:
    """What is due breaks every knock; the queue's line is long."""
    queue = works.queue(admit_rate=600)
    works.append(people(queue, 1_200))
    works.settle()
    works.advance("1 minute")
    works.append([knock(queue)])
    with knocks_that(_raises):
        works.settle()
    if not works.rows(
        "SELECT FROM timer WHERE aggregate_id = %s AND due_at > ledger_now() + interval '3 seconds'", queue.id
    ):
        yield "what breaks is tried again at once"


def decided_long_after_it_came(works: Works) -> Iterator[str]:
    """Somebody joins in time, and it is decided when the queue has closed."""
    queue = works.queue(close_at=works.value("SELECT ledger_now() + interval '1 hour'"))
    one = entering(queue)
    works.append([one])
    works.advance("1 day")
    works.settle()
    if refused(works, queue, one) is not None:
        yield TURNED_AWAY


def granted_long_after_it_came(works: Works) -> Iterator[str]:
    """Somebody joins, and all workers are away for a day."""
    queue = works.queue(admission_expiration_seconds=900)
    works.append([entering(queue)])
    works.advance("1 day")
    works.settle()
    if works.value("SELECT expires_at < ledger_now() + interval '10 minutes' FROM queue_entry"):
        yield "a grant is over before its holder could see it"


def the_clock_is_set_back(works: Works) -> Iterator[str]:
    """Between two entries the ledger's clock loses an hour."""
    queue = works.queue()
    for _ in range(2):
        works.append([entering(queue)])
        works.settle()
        works.advance("-1 hour")
    first, second = works.rows("SELECT entered_at FROM queue_entry ORDER BY ticket")
    if second.entered_at < first.entered_at:
        yield "who came later is dated earlier"


def the_commit_fails(works: Works) -> Iterator[str]:
    """The connection breaks at the commit of a drain."""
    queue = works.queue()
    works.rows(_DIES_AT_COMMIT)
    works.append([entering(queue)])
    with redis_client(works.redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("replies:tests")
        with suppress(*AWAY):
            works.drain.round(place_of(queue))
        client.publish("replies:tests", b"the end")
        if _heard(channel) != b"the end":
            yield "an answer is told of what is not in the ledger"


def settled_as_written(patch: pytest.MonkeyPatch) -> None:
    """Queues are settled by what stands in their module now."""
    settled_by(patch, "queue", queue_upkeep.serve)


GUARDS = (
    Guard(
        "one outcome for each id in a drain",
        "A command that is twice in a batch is decided once.",
        (TWICE,),
        twice_in_one_batch,
        rewritten(workers.decide, "decide", ("told[one.sent.id] = ", "")),
    ),
    Guard(
        "a command finds what it made",
        "A call that joins, sent again under its id, finds its participation, whatever has become of it.",
        (COUNTS, TWO_TICKETS),
        again_after_leaving,
        rewritten(entering_rules, "enter", ("if entry.id == command_id", "if False")),
    ),
    Guard(
        "a queue is found by the command that made it",
        "A call that makes a queue, sent again under its id, finds the queue.",
        (COUNTS,),
        a_queue_is_made_twice,
        rewritten(running, "create", ("if made is not None:", "if False:")),
    ),
    Guard(
        "stored outcome of a key",
        "A call under a key that was decided once is never decided again.",
        (AGAIN,),
        again_under_its_key,
        rewritten(workers.decide, "preload", ("for one in taken if one.sent.keyed or", "for one in taken if")),
    ),
    Guard(
        "fingerprint of a key",
        "A key that is used for another body is refused.",
        ("another body is told the outcome of the first",),
        another_body_under_a_key,
        rewritten(workers.decide, "_again", ("if sent.keyed is not None and", "if False and")),
    ),
    Guard(
        "that it broke is no outcome",
        "A command that broke is decided anew when it comes again.",
        ("what was mended is never decided",),
        retried_by_the_operator,
        rewritten(workers.decide, "preload", (" and not journal.is_open(row.reply)", "")),
    ),
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
        rewritten(queue_upkeep, "_promise_knock", ("due = max(due, times.now + AGAIN_AFTER)", "pass")),
    ),
    Guard(
        "a slice asks for the next",
        "What does not fit into one drain goes on by itself.",
        ("the second slice never comes",),
        more_than_a_slice,
        rewritten(
            queue_upkeep,
            "_promise_knock",
            ("work.follow(KnockQueue(", "str(KnockQueue("),
            (", hops=0)", ")"),
        ),
    ),
    Guard(
        "between two slices",
        "Whoever comes during an admission is answered before the next slice.",
        ("who comes during an admission waits for the next slice",),
        somebody_comes_between_two_slices,
        all_of(
            rewritten(queue_upkeep, "serve", ("if queue_id in work.patient and", "if False and")), settled_as_written
        ),
    ),
    Guard(
        "judged by when it came",
        "A command that was received in time counts, however late it is decided.",
        (TURNED_AWAY,),
        decided_long_after_it_came,
        rewritten(
            entering_rules,
            "_why_not",
            ("queue.config, times.received_at", "queue.config, times.now"),
        ),
    ),
    Guard(
        "dated by when it is decided",
        "A grant is good for its full time, however long its holder's command lay in the log.",
        ("a grant is over before its holder could see it",),
        granted_long_after_it_came,
        rewritten(
            Drain,
            "consider",
            (
                "now = max([lease.now, *(one.received_at for one in taken)])",
                "now = max(one.received_at for one in taken)",
            ),
        ),
    ),
    Guard(
        "a partition's time stands still rather than run back",
        "In one partition nothing is dated earlier than what was decided before.",
        ("who came later is dated earlier",),
        the_clock_is_set_back,
        reworded(command_log, "_LOCK", ("greatest(coalesce(last_at, '-infinity'), ledger_now())", "ledger_now()")),
    ),
    Guard(
        "told after the commit",
        "No answer leaves before what it tells has been committed.",
        ("an answer is told of what is not in the ledger",),
        the_commit_fails,
        rewritten(Drain, "_round", ("connection.commit()", "self.tell(told); connection.commit()")),
    ),
)
