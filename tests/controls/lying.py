"""Guards against what is left lying in the log, or buried, though somebody could decide it."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import EnterQueue
from domain.times import Times
from store import command_log, sweeping
from store.work import Work
from tests.controls.guard import Guard
from tests.controls.removing import replaced, reworded, rewritten
from tests.controls.scenes import (
    BURIED,
    LOST,
    LYING,
    TURNED_AWAY,
    few_rounds,
    knock,
    people,
    refused,
    wrong_with,
)  # fmt: skip
from tests.support.factories import entering
from tests.support.faults import knocks_that
from tests.support.works import Works, new_drain, place_of
from workers import opening
from workers.drain import Drain
from workers.handlers import HANDLERS
from workers.sweeper import Sweeper

NOBODY_ANSWERS = "redis://127.0.0.1:1/0"
_ENTER: Any = EnterQueue


def appended_while_leaving(works: Works) -> Iterator[str]:
    """A batch comes when the drain has taken its last, and the ring for it is lost: Redis is away."""
    queue, late = works.queue(), list[Envelope[Any]]()

    def another_comes(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        if not late:
            late.append(entering(queue))
            works.append(late)
        return Reply()

    works.append([knock(queue)])
    with new_drain(works.worker, NOBODY_ANSWERS) as deaf, knocks_that(another_comes):
        deaf(place_of(queue).topic, place_of(queue).part)
    yield from wrong_with(works, queue, *late)


def nobody_was_rung(works: Works) -> Iterator[str]:
    """Redis forgot every ring. A second later a scheduler looks."""
    queue = works.queue()
    came = people(queue, 3)
    works.append(came)
    works.advance("1 second")
    Sweeper(works.scheduler, works.drain, None)()
    yield from wrong_with(works, queue, *came)


def rung_in_vain(works: Works) -> Iterator[str]:
    """Whoever was rung by the sweeper died of it. A second later a scheduler looks again."""
    queue = works.queue()
    came = people(queue, 3)
    works.append(came)
    works.advance("1 second")
    Sweeper(works.scheduler, lambda *_: None, None)()
    works.advance("1 second")
    Sweeper(works.scheduler, works.drain, None)()
    yield from wrong_with(works, queue, *came)


def a_worker_of_yesterday(works: Works) -> Iterator[str]:
    """A worker meets a command that it has no handler for; a newer one comes a day later, when the queue has closed."""
    queue = works.queue(close_at=_soon(works))
    one = entering(queue)
    works.append([one])
    works.advance("1 day")
    with pytest.MonkeyPatch.context() as older:
        older.delitem(HANDLERS, _ENTER)
        works.drain.round(place_of(queue))
    few_rounds(works)
    yield from wrong_with(works, queue, one)
    if refused(works, queue, one) == "QUEUE_CLOSED":
        yield TURNED_AWAY


def _soon(works: Works) -> Any:
    return works.value("SELECT ledger_now() + interval '1 hour'")


GUARDS = (
    Guard(
        "a last look",
        "A drain leaves when it has looked once more, so that no ring falls between.",
        (LYING,),
        appended_while_leaving,
        rewritten(Drain, "_stays", ("return command_log.waits(connection, place)", "return False")),
    ),
    Guard(
        "sweeper",
        "What nobody was rung for is found.",
        (LYING,),
        nobody_was_rung,
        replaced(Sweeper, "swept", lambda _: ([], False)),
    ),
    Guard(
        "the sweeper comes again",
        "What did not get through is rung for again.",
        (LYING,),
        rung_in_vain,
        reworded(sweeping, "_SWEEP", ("p.rung_at NOT BETWEEN %(since)s AND %(now)s", "p.rung_at > %(now)s")),
    ),
    Guard(
        "unknown commands are handed back",
        "What a worker does not know waits for a newer one.",
        (BURIED, LOST),
        a_worker_of_yesterday,
        rewritten(opening, "understood", ("return Unknown(", "raise ValueError(")),
    ),
    Guard(
        "handed back as of their time",
        "A command that was handed back is judged by when it first came.",
        (TURNED_AWAY,),
        a_worker_of_yesterday,
        reworded(command_log, "_HAND_BACK", ("VALUES (%s, %s, %s,", "VALUES (%s, %s, greatest(%s, ledger_now()),")),
    ),
)
