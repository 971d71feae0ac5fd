"""A store that goes away in the middle of careful tries buries nobody; what a command does still counts against it."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import KnockQueue
from domain.times import Times
from runtime.embedded import EmbeddedPostgres
from store import command_log
from store.command_log import Place
from store.database import AWAY
from store.pipelined import Pipelined
from store.roles import WORKER
from store.work import Work
from tests.support.crashes import KILLED, in_child
from tests.support.database import fresh_database
from tests.support.factories import sent
from tests.support.faults import knocks_that
from tests.support.servers import running_postgres, wait_until
from tests.support.works import Works, new_drain, place_of, works_on
from workers import careful
from workers.careful import TRIES
from workers.sparing import MOST_BROKEN

Fault = Callable[[Work], None]


def ended(work: Work) -> None:
    """The server ends the connection, and says so."""
    work.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())").all()


def cut(work: Work) -> None:
    """The line is cut, and nobody says anything."""
    cut_off(work.connection)
    work.connection.exec_driver_sql("SELECT 1").all()


def cut_off(connection: Any) -> None:
    """Cut the line of a connection."""
    with socket.socket(fileno=os.dup(connection._pipeline._connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)


def slow(work: Work) -> None:
    """A statement takes longer than it may."""
    work.connection.exec_driver_sql("SET LOCAL statement_timeout = 1")
    work.connection.exec_driver_sql("SELECT pg_sleep(1)").all()


def dies(work: Work) -> None:
    """The process dies."""
    os._exit(KILLED)


def backend_killed(work: Work) -> None:
    """A process of the server dies, and with it all connections."""
    os.kill(work.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one(), signal.SIGKILL)
    work.connection.exec_driver_sql("SELECT 1").all()


def postmaster_killed(server: EmbeddedPostgres, work: Work) -> None:
    """The whole server dies."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    work.connection.exec_driver_sql("SELECT pg_sleep(30)").all()


@contextmanager
def befalling(fault: Fault) -> Iterator[None]:
    """This happens in the middle of every try of a knock."""

    def handler(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        fault(work)
        return Reply()

    with knocks_that(handler):
        yield


def waiting_knock(works: Works) -> Place:
    """A knock waits; where."""
    queue = works.queue()
    works.append([sent(queue, KnockQueue(queue_id=queue.id))])
    return place_of(queue)


def tried(works: Works, place: Place, times: int) -> None:
    """A partition is gone through carefully so often, whatever becomes of it."""
    for _ in range(times):
        with suppress(*AWAY):
            careful.oldest_batch(works.drain, place)


def counted(works: Works) -> list[int]:
    """The tries that count against what waits."""
    return [row.attempts for row in works.rows("SELECT attempts FROM command_log")]


def buried(works: Works) -> int:
    """How many commands are dead."""
    return int(works.value("SELECT count(*) FROM dead_command"))


@pytest.mark.parametrize("fault", [ended, cut])
def test_a_store_that_flaps_in_the_middle_of_careful_tries_buries_nobody(works: Works, fault: Fault) -> None:
    place = waiting_knock(works)
    with befalling(fault):
        tried(works, place, 2 * TRIES)
        assert (counted(works), buried(works)) == ([0], 0)
    works.settle()
    assert buried(works) == 0


def test_a_partition_that_somebody_else_keeps_locked_counts_against_nobody(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, count_try = waiting_knock(works), command_log.count_try
    with works.owner.connect() as other:

        def locked_after(connection: Any, where: Place) -> Any:
            """Somebody else waits for the lock, and gets it as soon as the try is counted."""
            found = count_try(connection, where)
            connection.commit()
            command_log.lock(other, where)
            return found

        monkeypatch.setattr(command_log, "count_try", locked_after)
        tried(works, place, 1)
    assert (counted(works), buried(works)) == ([0], 0)


def test_a_count_whose_commit_was_not_heard_of_is_taken_back(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    place, commit = waiting_knock(works), Pipelined.commit
    in_hand = list[Any]()
    count_try = command_log.count_try

    def noted(connection: Any, where: Place) -> Any:
        in_hand.append(connection)
        return count_try(connection, where)

    def unheard(connection: Pipelined) -> None:
        """The commit is done, and its answer is lost."""
        commit(connection)
        if connection in in_hand:
            in_hand.remove(connection)
            cut_off(connection)

    monkeypatch.setattr(command_log, "count_try", noted)
    monkeypatch.setattr(Pipelined, "commit", unheard)
    tried(works, place, 2 * TRIES)
    assert (counted(works), buried(works)) == ([0], 0)


def test_what_takes_too_long_again_and_again_is_buried(works: Works) -> None:
    place = waiting_knock(works)
    with befalling(slow):
        tried(works, place, TRIES)
        assert (counted(works), buried(works)) == ([TRIES], 0)
        tried(works, place, 1)
    assert (counted(works), buried(works)) == ([], 1)


def test_what_breaks_every_connection_is_buried_in_the_end(works: Works) -> None:
    place = waiting_knock(works)
    with befalling(cut):
        tried(works, place, MOST_BROKEN + TRIES)
        assert (counted(works), buried(works)) == ([TRIES], 0)
        tried(works, place, 1)
    assert (counted(works), buried(works)) == ([], 1)


def test_the_death_of_the_process_counts_after_the_store_was_away(works: Works) -> None:
    place = waiting_knock(works)
    with befalling(ended):
        tried(works, place, TRIES)
    with befalling(dies):
        for _ in range(3):
            assert in_child(partial(try_in_child, works, place)) == KILLED
    assert counted(works) == [3]


def try_in_child(works: Works, place: Place) -> None:
    """A process of its own goes through a partition carefully."""
    with new_drain(works.database.engine(WORKER), works.redis_url) as drain:
        careful.oldest_batch(drain, place)


def test_a_postgres_that_is_killed_in_the_middle_of_a_try_is_nobodys_fault(redis_server: str) -> None:
    with (
        running_postgres() as server,
        fresh_database(server.url, "spared") as store,
        works_on(store, redis_server) as works,
    ):
        place = waiting_knock(works)
        for fault in (backend_killed, partial(postmaster_killed, server)):
            with befalling(fault):
                tried(works, place, 1)
            if fault is not backend_killed:
                server.restart(immediate=True)
            wait_until(lambda: is_there(works), seconds=30)
            works.drain.spared.take_back(works.drain.ledger)
            assert counted(works) == [0]
        works.settle()
        assert buried(works) == 0


def is_there(works: Works) -> bool:
    """Whether Postgres answers again."""
    try:
        works.rows("SELECT 1")
    except AWAY:
        return False
    return True
