"""A gateway that does not hear of its commit appends again; meanwhile somebody else has undone what was asked for."""

from functools import partial
from typing import Any

import psycopg
import pytest

from api_gateway.appender import Appender, Connect, connected
from domain.command import Command, Envelope
from domain.queue.commands import PauseQueue, ResumeQueue
from domain.queue.state import Queue
from runtime.clock import Clock
from store.command_log import places_of
from store.roles import GATEWAY
from tests.support.database import PARTITIONS
from tests.support.factories import sent
from tests.support.works import Works


class Unconfirmed:
    """A connection whose first commit is never confirmed. `meanwhile` happens before anybody knows."""

    def __init__(self, url: str, meanwhile: Any) -> None:
        self._through, self._meanwhile = connected(url), meanwhile

    def execute(self, query: bytes, params: Any = None) -> Any:
        """Commit, and say that the line was cut."""
        self._through.execute(query, params)
        self._meanwhile()
        raise psycopg.OperationalError("cut")

    def close(self) -> None:
        """Let it go."""
        self._through.close()


def in_turn(*ways: Connect) -> Connect:
    """Another way to connect each time, gone when it is wanted."""
    waiting = iter(ways)

    def connect() -> Any:
        return next(waiting)()

    return connect


def append_unconfirmed(works: Works, one: Envelope[Command], meanwhile: Any) -> None:
    """Append through a gateway whose first connection breaks once it has committed."""
    url = works.database.url(GATEWAY)
    appender = Appender("tests", in_turn(partial(Unconfirmed, url, meanwhile), partial(connected, url)), Clock())
    appender.append(places_of([one], PARTITIONS))
    appender.close()


def is_paused(works: Works, queue: Queue) -> bool:
    """Whether a queue is paused."""
    return bool(works.value("SELECT pause IS NOT NULL FROM queue WHERE id = %s", queue.id))


@pytest.mark.parametrize("keyed", [None, "fingerprint"], ids=["without a key", "with a key"])
def test_what_was_undone_since_is_not_done_again(works: Works, keyed: str | None) -> None:
    queue = works.queue()
    pause = sent(queue, PauseQueue(queue_id=queue.id), keyed=keyed)

    def somebody_goes_on() -> None:
        works.settle()
        assert is_paused(works, queue)
        works.append([sent(queue, ResumeQueue(queue_id=queue.id))])
        works.settle()
        assert not is_paused(works, queue)

    append_unconfirmed(works, pause, somebody_goes_on)
    works.settle()
    assert not is_paused(works, queue)
    kept = "SELECT count(*) FROM journal, unnest(command_ids) AS command WHERE command = %s"
    assert works.value(kept, pause.id) == 1


def test_what_was_never_committed_is_done(works: Works) -> None:
    queue = works.queue()
    pause = sent(queue, PauseQueue(queue_id=queue.id))
    url = works.database.url(GATEWAY)
    broken = connected(url)
    broken.close()
    appender = Appender("tests", in_turn(lambda: broken, partial(connected, url)), Clock())
    appender.append(places_of([pause], PARTITIONS))
    appender.close()
    works.settle()
    assert is_paused(works, queue)
