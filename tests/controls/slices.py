"""Guards of admissions that are too large for one drain."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.queue.state import Queue
from tests.controls.guard import Guard
from tests.controls.removing import all_of, rewritten
from tests.controls.scenes import (
    knock,
    people,
)
from tests.support.factories import LONG_AGO, entering
from tests.support.faults import settled_by
from tests.support.works import Works, place_of
from workers import queue_upkeep
from workers.knocking import Knocking
from workers.queue_upkeep import SLICE


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


def settled_as_written(patch: pytest.MonkeyPatch) -> None:
    """Queues are settled by what stands in their module now."""
    settled_by(patch, "queue", queue_upkeep.serve)


GUARDS = (
    Guard(
        "a slice asks for the next",
        "What does not fit into one drain goes on by itself.",
        ("the second slice never comes",),
        more_than_a_slice,
        rewritten(
            Knocking,
            "promise",
            ("work.follow(self.command(", "str(self.command("),
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
)
