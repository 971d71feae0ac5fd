"""What scenes share: what is wrong with a queue in the end, and faults that are real."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from store.work import Work
from tests.support.factories import LONG_AGO, entering, sent
from tests.support.works import Works

FEW_ROUNDS = 8
TWO_PLACES = "somebody has two places"
TWO_TICKETS = "tickets are missing or given twice"
COUNTS = "the line's counts are not those of its people"
BURIED = "a command is buried"
TWICE = "a command has two outcomes"
LYING = "a command lies in the log for ever"
LOST = "a command is lost"
NOBODY: Any = lambda *_: None  # noqa: E731 (nobody is rung)
TURNED_AWAY = "who came in time is turned away"
NOBODY_IS_LET_IN = {"entry_open_at": LONG_AGO, "open_at": LONG_AGO.replace(year=2199)}
"""The settings of a queue that has been open to enter for long and lets nobody in yet."""
_CUT = "SELECT pg_terminate_backend(pg_backend_pid())"


def few_rounds(works: Works) -> None:
    """Drain what waits, a few times: a log that never runs dry is for whoever looks afterwards."""
    for _ in range(FEW_ROUNDS):
        for place in works.waiting():
            works.drain.round(place)


def wrong_with(works: Works, queue: Queue, *commands: Envelope[Any]) -> Iterator[str]:
    """What is wrong with a queue to which these commands were sent, all of them decided by now."""
    entries = works.rows("SELECT consumer_id, ticket, status FROM queue_entry WHERE queue_id = %s", queue.id)
    line = works.rows("SELECT tickets, waiting, inside FROM queue WHERE id = %s", queue.id)[0]
    live = [entry.consumer_id for entry in entries if entry.status in {"QUEUED", "GRANTED"}]
    if len(live) > len(set(live)):
        yield TWO_PLACES
    if sorted(entry.ticket for entry in entries) != list(range(len(entries))):
        yield TWO_TICKETS
    are = Counter(entry.status for entry in entries)
    if tuple(line) != (len(entries), are["QUEUED"], are["GRANTED"]):
        yield COUNTS
    pages = works.rows("SELECT command_ids FROM journal WHERE aggregate_id = %s", queue.id)
    decided = Counter(one for page in pages for one in page.command_ids)
    if any(decided[one.id] > 1 for one in commands):
        yield TWICE
    yield from lying_about(works)
    if not works.waiting() and any(decided[one.id] == 0 for one in commands):
        yield LOST


def lying_about(works: Works) -> Iterator[str]:
    """What was not decided: still in the log, or buried."""
    if works.waiting():
        yield LYING
    if works.value("SELECT count(*) FROM dead_command"):
        yield BURIED


def refused(works: Works, queue: Queue, one: Envelope[Any]) -> str | None:
    """The code of a command's stored refusal, if it is one."""
    code: str | None = (works.outcomes(queue, [one.id]).get(one.id, {}).get("refused") or {}).get("code")
    return code


def knock(queue: Queue) -> Envelope[KnockQueue]:
    """A command that changes nothing by itself."""
    return sent(queue, KnockQueue(queue_id=queue.id))


def people(queue: Queue, count: int) -> list[Envelope[Any]]:
    """So many who want to join."""
    return [entering(queue) for _ in range(count)]


@contextmanager
def set_to(owner: Any, name: str, value: object) -> Iterator[None]:
    """A constant of the product is another."""
    patch = pytest.MonkeyPatch()
    patch.setattr(owner, name, value)
    try:
        yield
    finally:
        patch.undo()


def raises(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
    """A handler with a bug."""
    raise ZeroDivisionError("by nothing")


class CutsOnce:
    """A handler over which the connection to Postgres breaks, the first time."""

    def __init__(self) -> None:
        self.cuts = 0

    def __call__(self, work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        """Decide nothing."""
        self.cuts += 1
        if self.cuts == 1:
            work.connection.exec_driver_sql(_CUT).all()
        return Reply()


class Waits:
    """A handler that stands still, the first time, until it is told to go on."""

    def __init__(self) -> None:
        self.inside, self.on = threading.Event(), threading.Event()

    def __call__(self, work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        """Decide nothing."""
        if not self.inside.is_set():
            self.inside.set()
            assert self.on.wait(10)
        return Reply()
