"""Statements that are sent together: what comes back, what fails, and what becomes of the connection."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine

from cli.crowd.limits import raise_file_limit
from store.libpq import MOST_PREPARED, Pipeline
from store.pipelined import LOST, Pipelined, pipelined
from tests.support.database import TestDatabase
from tests.support.servers import query

VALUES = (
    UUID("01890a5d-ac96-774b-bcce-b302099a8057"), datetime(2026, 5, 1, 12, tzinfo=UTC), True, 7, 70_000, 2**40, 1.5,
    "ü%", b"\x00\xff", None,
)  # fmt: skip
CASTS = ("uuid", "timestamptz", "bool", "int", "int", "bigint", "float8", "text", "bytea", "text")
EVERYTHING = "SELECT " + ", ".join(f"%s::{cast} AS c{n}" for n, cast in enumerate(CASTS))
STRUCTURED = """
SELECT '{"a": [1, null]}'::jsonb AS document, ARRAY[1, 2] AS numbers, ARRAY['a', NULL] AS words
UNION ALL SELECT '[]'::jsonb, '{}'::int[], NULL::text[]"""
PLANS = "SELECT count(*) FROM pg_prepared_statements WHERE name <> '' "
FAR_MORE_THAN_A_BUFFER = 4_000_000


@pytest.fixture
def engine(store: TestDatabase) -> Iterator[Engine]:
    """A pool of one connection, so that whoever comes next has the same."""
    made = store.engine(pool=1)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Pipelined]:
    """A connection of that pool."""
    with pipelined(engine) as one:
        yield one


def pid_of(engine: Engine) -> int:
    """The process of Postgres that serves this pool."""
    with pipelined(engine) as connection:
        pid: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        return pid


@pytest.mark.parametrize(
    ("statement", "values"), [(EVERYTHING, VALUES), (STRUCTURED, None), ("SELECT 1 FROM pg_class WHERE false", None)]
)
def test_rows_are_those_that_the_driver_reads(
    connection: Pipelined, store: TestDatabase, statement: str, values: tuple[Any, ...] | None
) -> None:
    with psycopg.connect(store.owner, row_factory=namedtuple_row) as plain:
        expected = plain.execute(statement.encode(), values).fetchall()
    for _ in range(2):  # when it is prepared, and afterwards
        found = connection.exec_driver_sql(statement, values)
        assert (found.all(), found.rowcount) == (expected, len(expected))
        assert [row._fields for row in found] == [row._fields for row in expected]


def test_a_row_without_columns_is_a_row_and_a_column_without_a_name_has_one(connection: Pipelined) -> None:
    assert connection.exec_driver_sql("SELECT FROM generate_series(1, 3)").all() == [(), (), ()]
    assert connection.exec_driver_sql("SELECT 1, 2").one() == (1, 2)


def test_what_is_sent_together_waits_until_it_is_left_or_an_answer_is_read(connection: Pipelined) -> None:
    with connection.together():
        first = connection.exec_driver_sql("SELECT clock_timestamp()")
        second = connection.exec_driver_sql("SELECT clock_timestamp()")
        before = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        third = connection.exec_driver_sql("SELECT clock_timestamp()")
    assert first.scalar_one() < second.scalar_one() < before < third.scalar_one()


def test_where_one_fails_none_after_it_is_executed_and_the_connection_is_good(connection: Pipelined) -> None:
    def put_and_divide() -> None:
        with connection.together():
            connection.exec_driver_sql("INSERT INTO kept VALUES (%s)", (1,))
            connection.exec_driver_sql("SELECT %s / 0", (1,))
            connection.exec_driver_sql("INSERT INTO kept VALUES (%s)", (2,))
            connection.commit()

    connection.exec_driver_sql("CREATE TEMP TABLE kept (n int)")
    connection.commit()
    with pytest.raises(psycopg.errors.DivisionByZero):
        put_and_divide()
    connection.rollback()
    assert connection.exec_driver_sql("SELECT n FROM kept").all() == []


def put_and_raise(connection: Pipelined) -> None:
    """Break off what is sent together, with something noted already."""
    with connection.together():
        connection.exec_driver_sql("INSERT INTO kept VALUES (2)")
        raise KeyError


def test_what_is_broken_off_in_between_is_not_sent(connection: Pipelined) -> None:
    connection.exec_driver_sql("CREATE TEMP TABLE kept (n int)")
    with pytest.raises(KeyError):
        put_and_raise(connection)
    assert connection.exec_driver_sql("SELECT n FROM kept").all() == []


def test_a_connection_that_others_use_keeps_its_plans(engine: Engine) -> None:
    """Whoever executes statements through SQLAlchemy shares the pool, and what is not committed there is rolled back."""
    for _ in range(10):  # the driver would prepare from the sixth time on
        with engine.begin() as used:
            used.exec_driver_sql("SELECT 1")
    for _ in range(2):
        with pipelined(engine) as connection:
            assert connection.exec_driver_sql("SELECT 2").scalar_one() == 2
            connection.rollback()
        with engine.connect() as used:
            used.exec_driver_sql("SELECT 1")


def test_a_connection_on_which_the_driver_prepares_has_no_pipeline(store: TestDatabase) -> None:
    with psycopg.connect(store.owner) as prepares, pytest.raises(ValueError, match="prepare_threshold"):
        Pipeline(prepares)


def test_what_could_not_be_prepared_is_prepared_when_it_can_be(connection: Pipelined) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.exec_driver_sql("SELECT n FROM later WHERE n = %s", (1,))
    connection.rollback()
    connection.exec_driver_sql("CREATE TEMP TABLE later (n int)")
    assert connection.exec_driver_sql("SELECT n FROM later WHERE n = %s", (1,)).all() == []


def test_a_plan_is_kept_for_each_statement_once_and_for_so_many(connection: Pipelined) -> None:
    for _ in range(2):
        for number in range(MOST_PREPARED + 20):
            assert connection.exec_driver_sql(f"SELECT {number}").scalar() == number
    assert connection.exec_driver_sql(PLANS).scalar() == MOST_PREPARED


def test_equal_statements_that_are_new_together_share_a_plan(connection: Pipelined) -> None:
    with connection.together():
        for number in range(2 * MOST_PREPARED):
            connection.exec_driver_sql("SELECT %s::int", (number % 100,))
    assert connection.exec_driver_sql(PLANS + "AND statement = 'SELECT $1::int'").scalar() == 1


def test_a_value_that_cannot_be_written_fails_before_anything_is_sent(connection: Pipelined) -> None:
    connection.exec_driver_sql("CREATE TEMP TABLE kept (word text)")
    connection.commit()
    with pytest.raises(psycopg.DataError, match="NUL"):
        connection.exec_driver_sql("INSERT INTO kept VALUES (%s)", ("a\0b",))
    connection.rollback()
    connection.exec_driver_sql("INSERT INTO kept VALUES (%s)", ("b",))
    assert connection.exec_driver_sql("SELECT word FROM kept").scalars() == ["b"]


def test_a_percent_sign_that_is_written_twice_is_refused(connection: Pipelined) -> None:
    with pytest.raises(ValueError, match="written once"):
        connection.exec_driver_sql("SELECT 5 %% %s", (3,))
    assert connection.exec_driver_sql("SELECT 5 % %s", (3,)).scalar() == 2


def test_what_follows_a_commit_is_a_transaction_of_its_own(connection: Pipelined) -> None:
    with connection.together():
        connection.exec_driver_sql("CREATE TEMP TABLE kept (n int)")
        connection.commit()
        connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
    connection.rollback()
    assert connection.exec_driver_sql("SELECT n FROM kept").all() == []


def test_what_waits_outside_is_sent_whatever_was_broken_off_inside(connection: Pipelined) -> None:
    connection.exec_driver_sql("CREATE TEMP TABLE kept (n int)")
    with connection.together():
        connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
        with pytest.raises(KeyError):
            put_and_raise(connection)
        connection.exec_driver_sql("INSERT INTO kept VALUES (3)")
    assert connection.exec_driver_sql("SELECT n FROM kept ORDER BY n").scalars() == [1, 3]


def test_a_plan_of_a_table_that_changed_costs_a_connection_and_no_more(engine: Engine, store: TestDatabase) -> None:
    def widths() -> list[int]:
        with pipelined(engine) as connection:
            return [len(row) for row in connection.exec_driver_sql("SELECT * FROM widening")]

    query(store.owner, "CREATE TABLE widening AS SELECT 1 AS a")
    assert [widths(), widths()] == [[1], [1]]
    query(store.owner, "ALTER TABLE widening ADD b int")
    with pytest.raises(LOST) as lost:
        widths()
    assert lost.value.sqlstate is None, "it counts as a broken connection, for which no command is to blame"
    assert widths() == [2]


@pytest.mark.parametrize(
    ("limit", "sqlstate"),
    [
        ("idle_in_transaction_session_timeout", "25P03"),
        ("transaction_timeout", "25P04"),
        ("statement_timeout", "57014"),
    ],
)
def test_whoever_is_cut_off_by_postgres_is_told_why(connection: Pipelined, limit: str, sqlstate: str) -> None:
    connection.exec_driver_sql(f"SET SESSION {limit} = 100")
    connection.commit()
    connection.exec_driver_sql("SELECT 1")
    if limit.startswith("idle"):
        time.sleep(0.3)
    with pytest.raises(psycopg.Error) as cut_off:
        in_the_midst(connection, "SELECT pg_sleep(1)")
    assert cut_off.value.sqlstate == sqlstate


def test_whoever_is_ended_by_an_operator_is_told_so(connection: Pipelined) -> None:
    with pytest.raises(psycopg.errors.AdminShutdown):
        in_the_midst(connection, "SELECT pg_terminate_backend(pg_backend_pid())")


def in_the_midst(connection: Pipelined, statement: str) -> None:
    """Execute a statement with others before and after it."""
    with connection.together():
        connection.exec_driver_sql("SELECT 2")
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("SELECT 2")
        connection.commit()


def test_a_process_with_very_many_files_open_sends_as_much_as_others(store: TestDatabase) -> None:
    assert raise_file_limit(1_300) is None
    many = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    engine = store.engine(pool=1)
    try:
        with pipelined(engine) as connection:
            assert connection.exec_driver_sql("SELECT length(%s::text)", ("x" * 8_000_000,)).scalar() == 8_000_000
    finally:
        engine.dispose()
        for one in many:
            os.close(one)


def test_more_than_the_buffers_of_both_sides_hold_goes_through(connection: Pipelined) -> None:
    much = "x" * FAR_MORE_THAN_A_BUFFER
    with connection.together():
        echoed = [connection.exec_driver_sql("SELECT %s::text", (much,)) for _ in range(8)]
    assert all(one.scalar() == much for one in echoed)


def test_whoever_breaks_off_while_postgres_works_gets_another_connection_next(engine: Engine) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    first, before = pid_of(engine), signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(KeyboardInterrupt), pipelined(engine) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(3)")
    signal.signal(signal.SIGALRM, before)
    assert pid_of(engine) != first


def test_a_connection_that_is_lost_in_use_is_replaced(engine: Engine) -> None:
    first = pid_of(engine)
    with pytest.raises(LOST), pipelined(engine) as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    assert pid_of(engine) != first
