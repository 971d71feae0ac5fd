"""Guards of what is promised for later by timers."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from domain.decision import Timer
from domain.queue.commands import KnockQueue
from domain.queue.rules import serving
from store import timers
from store.database import ledger_now
from store.timers import Due
from tests.controls.guard import Guard
from tests.controls.removing import all_of, replaced, reworded, rewritten
from tests.controls.scenes import NOBODY, knock
from tests.support.database import PARTITIONS
from tests.support.works import Works
from workers.firing import Firing

_TAKES_NOTHING = "ALTER TABLE command_log ADD CONSTRAINT away CHECK (false) NOT VALID"
STANDS = "a scheduler stands still because another one works"


def promised(works: Works, due_in: timedelta) -> Timer:
    """A knock at a queue, so long from now."""
    with works.worker.begin() as connection:
        own_id = uuid4()
        knocks = Timer(own_id, "knock", ledger_now(connection) + due_in, KnockQueue(queue_id=own_id))
        timers.write(connection, [(uuid4(), knocks)])
    return knocks


def fired(works: Works) -> int:
    """How many batches are in the log."""
    return int(works.value("SELECT count(*) FROM command_log"))


def the_log_takes_nothing(works: Works) -> Iterator[str]:
    """A timer is due, and what it sends cannot be appended; later it can."""
    promised(works, timedelta(0))
    step = Firing(works.scheduler, PARTITIONS, NOBODY)
    works.rows(_TAKES_NOTHING)
    with suppress(SQLAlchemyError):
        step()
    works.rows("ALTER TABLE command_log DROP CONSTRAINT away")
    step()
    if fired(works) == 0:
        yield "a promise is forgotten"


def forgets_first(connection: Connection, now: Any, limit: int) -> list[Due]:
    """Claim timers and forget them in a transaction of their own."""
    with connection.engine.begin() as other:
        due = _CLAIM(other, now, limit)
        timers.forget(other, due)
    return due


_CLAIM = timers.claim


def a_scheduler_dies_when_it_has_fired(works: Works) -> Iterator[str]:
    """A scheduler appends what is due and dies before it rings; another one comes."""

    def dies(_: object) -> None:
        raise ZeroDivisionError

    promised(works, timedelta(0))
    with suppress(ZeroDivisionError):
        Firing(works.scheduler, PARTITIONS, dies)()
    Firing(works.scheduler, PARTITIONS, NOBODY)()
    if fired(works) > 1:
        yield "a promise is kept twice"


def another_scheduler_is_at_work(works: Works) -> Iterator[str]:
    """One scheduler has claimed what is due and takes its time."""
    promised(works, timedelta(0))
    with works.scheduler.begin() as other:
        assert timers.claim(other, ledger_now(other), 1)
        try:
            Firing(works.scheduler, PARTITIONS, NOBODY)()
        except SQLAlchemyError:
            yield STANDS


def due_in_an_hour(works: Works) -> Iterator[str]:
    """A scheduler looks while nothing is due."""
    promised(works, timedelta(hours=1))
    Firing(works.scheduler, PARTITIONS, NOBODY)()
    if fired(works):
        yield "a promise is kept before its time"


def a_stale_timer(works: Works) -> Iterator[str]:
    """A queue opens in an hour; a knock comes that was meant for an earlier hour."""
    queue = works.queue(open_at=works.value("SELECT ledger_now() + interval '1 hour'"))
    works.append([knock(queue)])
    works.settle()
    if works.value("SELECT opened_at FROM queue WHERE id = %s", queue.id) is not None:
        yield "a queue opens before its time"


def a_timer_that_was_moved(works: Works) -> Iterator[str]:
    """A timer is claimed, moved away and back by the worker, and fires again: the first knock may be decided already."""
    knocks = promised(works, timedelta(0))
    ids = set()
    for _ in range(2):
        with works.worker.begin() as connection:
            (due,) = timers.claim(connection, ledger_now(connection), 1)
            ids.add(timers.fired(due, knocks.command).id)
            timers.write(connection, [(due.tenant_id, knocks)])
    if len(ids) == 1:
        yield "two promises send one command"


def a_timer_that_nobody_can_read(works: Works) -> Iterator[str]:
    """The command of a timer that is due does not parse."""
    promised(works, timedelta(0))
    works.rows("""UPDATE timer SET body = '{"no": 1}'""")
    Firing(works.scheduler, PARTITIONS, NOBODY)()
    if works.value("SELECT due_at <= ledger_now() FROM timer"):
        yield "what nobody can read is read again and again"


GUARDS = (
    Guard(
        "fired and forgotten in one commit, not forgotten first",
        "A timer is forgotten when what it sends is in the log.",
        ("a promise is forgotten",),
        the_log_takes_nothing,
        replaced(timers, "claim", forgets_first),
    ),
    Guard(
        "fired and forgotten in one commit, not forgotten later",
        "A timer whose command is in the log does not fire again.",
        ("a promise is kept twice",),
        a_scheduler_dies_when_it_has_fired,
        replaced(timers, "forget", NOBODY),
    ),
    Guard(
        "schedulers pass each other",
        "What one scheduler has in hand the others leave alone, and wait for nobody.",
        (STANDS,),
        another_scheduler_is_at_work,
        reworded(timers, "_CLAIM", (" SKIP LOCKED", "")),
    ),
    Guard(
        "due by the ledger's clock",
        "No timer fires before its time.",
        ("a promise is kept before its time",),
        due_in_an_hour,
        all_of(
            rewritten(Firing, "__call__", ("if soon is None or soon > now:", "if soon is None:")),
            reworded(timers, "_CLAIM", ("due_at <= %s AND", "%s IS NOT NULL AND")),
        ),
    ),
    Guard(
        "a knock decides nothing",
        "An early or stale timer changes nothing.",
        ("a queue opens before its time",),
        a_stale_timer,
        rewritten(serving, "opens", ("times.received_at >= opens_at", "True")),
    ),
    Guard(
        "generation of timers",
        "A timer that was moved sends a command of its own, which no earlier outcome answers.",
        ("two promises send one command",),
        a_timer_that_was_moved,
        reworded(timers, "_SET", ("generation = timer.generation + 1,", "")),
    ),
    Guard(
        "unreadable timers are put off",
        "A timer that nobody can read keeps no scheduler busy.",
        ("what nobody can read is read again and again",),
        a_timer_that_nobody_can_read,
        replaced(timers, "postpone", NOBODY),
    ),
)
