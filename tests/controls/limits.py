"""Guards of limits: as many as there may be, one place for each person; in the rules, and in constraints behind them."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue import pace
from domain.queue.rules import counting, serving
from domain.queue.rules import entering as joining
from domain.queue.state import Queue
from domain.times import Times
from store.work import Work
from tests.controls.guard import Guard
from tests.controls.removing import dropped, replaced, rewritten
from tests.controls.scenes import (
    BURIED,
    NOBODY_IS_LET_IN,
    TWO_PLACES,
    TWO_TICKETS,
    few_rounds,
    knock,
    people,
    set_to,
    wrong_with,
)
from tests.support.factories import entering
from tests.support.faults import knocks_that
from tests.support.works import Works

_CROWDED = "more are inside than may be"


def _came(works: Works, count: int, **settings: Any) -> Any:
    queue = works.queue(**settings)
    works.append(people(queue, count))
    works.settle()
    return works.rows("SELECT waiting, inside, admitted FROM queue WHERE id = %s", queue.id)[0]


def more_come_than_fit(works: Works) -> Iterator[str]:
    """Five come at once to a line for two."""
    if _came(works, 5, capacity=2, **NOBODY_IS_LET_IN).waiting > 2:
        yield "more wait than there is room for"


def more_come_than_may_be_inside(works: Works) -> Iterator[str]:
    """Five come at once to a shop for two."""
    if _came(works, 5, admit_rate=600_000, max_active_grants=2).inside > 2:
        yield _CROWDED


def more_come_than_may_ever_be_let_in(works: Works) -> Iterator[str]:
    """Five come at once where two may be let in altogether."""
    if _came(works, 5, admit_rate=600_000, max_admissions=2).admitted > 2:
        yield "more are let in than there is to be had"


def more_come_than_the_rate_allows(works: Works) -> Iterator[str]:
    """Five come at once where one a second is let in."""
    if _came(works, 5, admit_rate=60).inside > 1:
        yield "people are let in faster than the rate"


def nobody_came_for_an_hour(works: Works) -> Iterator[str]:
    """Where one a second is let in nobody comes for an hour; then fifty come at once."""
    queue = works.queue(admit_rate=60)
    works.append([knock(queue)])
    works.settle()
    works.advance("1 hour")
    works.append(people(queue, 50))
    works.settle()
    if works.value("SELECT inside FROM queue WHERE id = %s", queue.id) > 2:
        yield "an hour in which nobody came is a rush afterwards"


def somebody_joins_twice(works: Works) -> Iterator[str]:
    """A person joins at two gateways at once."""
    queue, person = works.queue(), uuid4()
    both = [entering(queue, consumer_id=person) for _ in range(2)]
    works.append(both)
    few_rounds(works)
    yield from wrong_with(works, queue, *both)


def rules_that_let_in_twice(works: Works) -> Iterator[str]:
    """A person joins twice, and the rule that would keep the first place has a bug."""
    with set_to(joining, "_already_inside", lambda *_: None):
        yield from (seen for seen in somebody_joins_twice(works) if seen == TWO_PLACES)


def rules_that_give_a_ticket_twice(works: Works) -> Iterator[str]:
    """Two join, and the rule that counts the tickets has a bug."""

    def miscounted(queue: Queue, leaf: bytes, now: Any) -> dict[str, object]:
        return counted(queue, leaf, now) | {"tickets": queue.line.tickets}

    counted, queue = counting.counts_with, works.queue()
    with set_to(joining, "counts_with", miscounted):
        works.append(people(queue, 2))
        few_rounds(works)
    if len(works.rows("SELECT FROM queue_entry WHERE ticket = 0")) > 1:
        yield TWO_TICKETS


def rules_that_miscount(works: Works, member: str) -> Iterator[str]:
    """A rule counts one too few where there was nobody."""

    def miscounts(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        queue = work.queues.get(one.body.queue_id)
        assert queue is not None
        work.queues.put(queue.with_line(**{member: -1}))
        return Reply()

    queue = works.queue(**NOBODY_IS_LET_IN)
    works.append([knock(queue)])
    with knocks_that(miscounts):
        few_rounds(works)
    if works.rows("SELECT FROM queue WHERE least(waiting, inside, admitted, completed) < 0"):
        yield "a count is below nothing"


def _below(member: str) -> Guard:
    return Guard(
        f"{member} is not below zero",
        "Whatever bug a rule has, nobody is taken from a line or a shop twice.",
        ("a count is below nothing",),
        partial(rules_that_miscount, member=member),
        statement=dropped("queue", f"queue_{member}_check"),
    )


GUARDS = (
    Guard(
        "capacity",
        "No more wait than the line holds.",
        ("more wait than there is room for",),
        more_come_than_fit,
        rewritten(joining, "_why_not", ("queue.line.waiting >= config.capacity", "False")),
    ),
    Guard(
        "most inside",
        "No more are inside than the shop holds.",
        (_CROWDED,),
        more_come_than_may_be_inside,
        rewritten(serving, "_places", ("places.append(config.max_active_grants - line.inside)", "pass")),
    ),
    Guard(
        "most admissions",
        "No more are ever let in than there is to be had.",
        ("more are let in than there is to be had",),
        more_come_than_may_ever_be_let_in,
        rewritten(serving, "_places", ("places.append(config.max_admissions - line.admitted)", "pass")),
    ),
    Guard(
        "credit of the rate",
        "People are let in no faster than the rate.",
        ("people are let in faster than the rate",),
        more_come_than_the_rate_allows,
        rewritten(serving, "room", ("[credit // pace.GRANT, line.waiting,", "[line.waiting,")),
    ),
    Guard(
        "credit is not saved",
        "Time in which nobody came is not made up for.",
        ("an hour in which nobody came is a rush afterwards",),
        nobody_came_for_an_hour,
        rewritten(pace, "filled", ("return min(", "return max("), (", most(config))", ", 0)")),
    ),
    Guard(
        "one place for each person",
        "Whoever joins twice keeps the first place.",
        (BURIED,),
        somebody_joins_twice,
        replaced(joining, "_already_inside", lambda *_: None),
    ),
    Guard(
        "one live participation",
        "Whatever bug a rule has, nobody has two places in one line.",
        (TWO_PLACES,),
        rules_that_let_in_twice,
        statement="DROP INDEX queue_entry_live",
    ),
    Guard(
        "one holder of a ticket",
        "Whatever bug a rule has, nobody's ticket is another's.",
        (TWO_TICKETS,),
        rules_that_give_a_ticket_twice,
        statement="DROP INDEX queue_entry_ticket",
    ),
    *map(_below, ("waiting", "inside", "admitted", "completed")),
)
