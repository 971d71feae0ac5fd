"""A worker stands still while it sends, holding its partition: Postgres has a part of the packet, and waits for the rest."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from store.command_log import _LOCK, Place, lock
from store.database import AWAY
from store.database import WORKER as LIMITS
from store.roles import WORKER
from tests.support.servers import wait_until
from tests.support.works import Works

PLACE = Place("queue", 0)


@contextmanager
def frozen(works: Works, options: str) -> Iterator[psycopg.Connection]:
    """A connection of a worker that has asked for the lock and got it, and says nothing more."""
    with psycopg.connect(works.database.url(WORKER), options=options) as connection, connection.pipeline():
        connection.execute(_LOCK.encode(), (PLACE.topic, PLACE.part))
        connection.pgconn.send_flush_request()
        connection.pgconn.flush()
        wait_until(lambda: not is_free(works))
        yield connection


def is_free(works: Works) -> bool:
    """Whether another worker could have the partition now."""
    with works.worker.connect() as connection:
        return lock(connection, PLACE) is not None


def test_every_transaction_of_a_worker_ends_after_five_seconds(works: Works) -> None:
    with psycopg.connect(works.database.url(WORKER), options=LIMITS.options) as connection:
        found = connection.execute("SHOW transaction_timeout").fetchone()
    assert found == ("5s",)


def test_what_a_frozen_worker_holds_is_free_then_and_its_late_commit_fails(works: Works) -> None:
    with suppress(*AWAY), frozen(works, f"{LIMITS.options} -c transaction_timeout=2000") as connection:
        wait_until(lambda: is_free(works))
        with pytest.raises(AWAY):
            strikes_and_commits(connection)
    assert works.value("SELECT max(strikes) FROM log_partition") == 0


def strikes_and_commits(connection: psycopg.Connection) -> None:
    """What the worker would have done next."""
    connection.execute("UPDATE log_partition SET strikes = 7 WHERE topic = 'queue' AND part = 0")
    connection.commit()
