"""A pool whose connections may have been lost while nobody used them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from store import lending
from store.pipelined import pipelined
from tests.support.database import TestDatabase
from tests.support.servers import query
from tests.support.statements import overheard

PING = ";"
"""What SQLAlchemy asks to see whether a connection is good."""

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def engine(store: TestDatabase) -> Iterator[Engine]:
    """A pool of one connection that has been used."""
    made = store.engine(pool=1)
    look(made)
    yield made
    made.dispose()


def look(engine: Engine) -> int:
    """The process of Postgres that serves this pool."""
    with pipelined(engine) as connection:
        pid: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        return pid


def test_a_connection_that_was_lost_meanwhile_is_replaced_before_anybody_has_it(
    engine: Engine, store: TestDatabase
) -> None:
    before = look(engine)
    assert query(store.owner, f"SELECT pg_terminate_backend(pid, 5000) {OTHERS}") == [(True,)]
    assert look(engine) != before


def test_a_connection_in_use_is_not_asked_each_time(engine: Engine) -> None:
    with overheard() as heard:
        assert len({look(engine) for _ in range(20)}) == 1
    assert PING not in dict(heard.sent)


def test_a_connection_is_asked_after_a_pause(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = look(engine)
    monkeypatch.setattr(lending, "PAUSE_SECONDS", 0.0)
    with overheard() as heard:
        assert look(engine) == before
    assert [text for text, _ in heard.sent].count(PING) == 1
