"""Guards of dates: what counts is when a command came, and no time runs back."""

from collections.abc import Iterator

from domain.queue.rules import entering as entering_rules
from store import command_log
from tests.controls.guard import Guard
from tests.controls.removing import reworded, rewritten
from tests.controls.scenes import (
    TURNED_AWAY,
    refused,
)
from tests.support.factories import entering
from tests.support.works import Works
from workers.drain import Drain


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


GUARDS = (
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
)
