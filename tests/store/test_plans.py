"""What workers ask for all the time goes by the right index, whenever the plan was made."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid5

import psycopg
import pytest

from domain.queue.state import Extension
from store import bulk, database
from store.repositories import entries
from store.roles import WORKER
from store.tables.queue import queue_entry
from tests.support.database import TestDatabase, fresh_database

TENANT, QUEUE = UUID(int=1), UUID(int=2)
PEOPLE = [uuid5(QUEUE, str(nth)) for nth in range(16)]
_SESSIONS = """
SELECT s.* FROM unnest(%s::uuid[], %s::uuid[]) AS w(tenant_id, id) JOIN session s ON s.tenant_id = w.tenant_id AND s.id = w.id"""
STATEMENTS = {
    "people": (entries._BY_PERSON, "uuid[], uuid[], uuid[]"),
    "participations": (entries._BY_ID, "uuid[], uuid[]"),
    "sessions": (_SESSIONS, "uuid[], uuid[]"),
    "changes": (bulk._update_sql(queue_entry, ("tenant_id", "id", "version")), "json"),
}
ENTER = """
INSERT INTO queue_entry (tenant_id, id, queue_id, consumer_id, ticket, first_ticket, entered_at, received_at, status,
    quantity, version, validations, out_of_turn, requeues)
SELECT %s, gen_random_uuid(), %s, gen_random_uuid(), nth, nth, ledger_now(), ledger_now(), 'QUEUED', 1, 1, 0, false, 0
FROM generate_series(%s::bigint, %s::bigint) AS nth"""

ADMIT = """
INSERT INTO queue_grant (tenant_id, id, queue_id, ticket, granted_at, expires_at)
SELECT tenant_id, id, queue_id, ticket, ledger_now() + ticket * interval '1 ms', ledger_now() + interval '1 hour'
FROM queue_entry"""
LAST_EXTENDED = "SELECT granted_at, id FROM queue_grant WHERE ticket = 10000"


@pytest.fixture
def store(postgres_server: str) -> Iterator[TestDatabase]:
    """A database of its own, migrated and never analyzed."""
    with fresh_database(postgres_server) as made:
        yield made


@contextmanager
def prepared(store: TestDatabase) -> Iterator[psycopg.Connection]:
    """A worker's connection with its statements prepared, and their plans made."""
    options = database.WORKER.options
    with psycopg.connect(store.url(WORKER), options=options, autocommit=True) as connection:
        connection.execute("SELECT set_config('drumroll.tenants', %s, false)", (f"{{{TENANT}}}",))
        for name, (statement, types) in STATEMENTS.items():
            places = statement.replace("%s", "{}").format("$1", "$2", "$3")
            connection.execute(f"PREPARE {name} ({types}) AS {places}".encode())
            explained(connection, name)
        yield connection


def explained(connection: psycopg.Connection, name: str) -> str:
    """The plan of a statement for sixteen people."""
    tenants, queues, people = ("{" + ",".join(map(str, ids)) + "}" for ids in ([TENANT] * 16, [QUEUE] * 16, PEOPLE))
    values = {"people": f"'{tenants}', '{queues}', '{people}'", "changes": "'[]'"}
    given = values.get(name, f"'{tenants}', '{people}'")
    found = connection.execute(f"EXPLAIN (COSTS OFF) EXECUTE {name} ({given})".encode())
    return "\n".join(line for (line,) in found)


def enter(store: TestDatabase, first: int, last: int) -> None:
    """So many people join."""
    with psycopg.connect(store.owner, autocommit=True) as owner:
        owner.execute(ENTER, (TENANT, QUEUE, first, last))


def check(connection: psycopg.Connection) -> None:
    """Every statement names all columns of its index, so that nothing is left to be filtered."""
    plans = {name: explained(connection, name) for name in STATEMENTS}
    assert "Index Scan using queue_entry_consumer" in plans["people"]
    assert "(consumer_id = w.consumer_id)" in plans["people"]
    assert "Index Scan using queue_entry_pkey" in plans["participations"]
    assert "(id = w.id)" in plans["participations"]
    assert "Index Scan using session_pkey" in plans["sessions"]
    assert "(id = w.id)" in plans["sessions"]
    assert "Index Scan using queue_entry_pkey" in plans["changes"]
    assert "(id = v.id)" in plans["changes"]
    assert [name for name, plan in plans.items() if "Filter:" in plan] == []


def test_plans_of_a_store_that_was_never_analyzed_are_good_for_a_long_line(store: TestDatabase) -> None:
    with prepared(store) as empty:
        check(empty)
        enter(store, 1, 20_000)
        check(empty)
    with prepared(store) as full:
        check(full)


def test_plans_of_a_store_with_few_people_are_good_for_a_long_line(store: TestDatabase) -> None:
    enter(store, 1, 400)
    with psycopg.connect(store.owner, autocommit=True) as owner:
        owner.execute("ANALYZE queue_entry")
    with prepared(store) as connection:
        check(connection)


def test_a_slice_of_an_extension_costs_a_slice_however_many_are_inside(store: TestDatabase) -> None:
    enter(store, 1, 20_000)
    with psycopg.connect(store.owner, autocommit=True) as owner:
        owner.execute(ADMIT)
        last_at, last_id = owner.execute(LAST_EXTENDED).fetchone() or (None, None)
    with psycopg.connect(store.url(WORKER), options=database.WORKER.options, autocommit=True) as connection:
        connection.execute("SELECT set_config('drumroll.tenants', %s, false)", (f"{{{TENANT}}}",))
        extension = Extension(datetime.max.replace(tzinfo=UTC), 300, last_at, last_id)
        values = (TENANT, QUEUE, *entries.left_of(extension), 500)
        places = entries._GIVEN.replace("%s", "{}").format(*(f"${place}" for place in range(1, len(values) + 1)))
        connection.execute(f"PREPARE slice AS {places}".encode())
        given = ", ".join(f"'{value}'" for value in values)
        found = connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF) EXECUTE slice ({given})".encode())
        plan = "\n".join(line for (line,) in found)
    assert "using queue_grant_given" in plan
    assert "rows=500.00 loops=1" in plan
    assert "Rows Removed" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("table", ["consumer", "session", "queue_entry"])
def test_what_a_new_store_knows_of_people_leaves_none_behind(store: TestDatabase, table: str) -> None:
    with psycopg.connect(store.owner) as owner:
        assert owner.execute("SELECT pg_relation_size(%s)", (table,)).fetchone() == (0,)


def test_the_draws_that_wait_for_the_beacon_are_found_without_looking_at_the_others(store: TestDatabase) -> None:
    with psycopg.connect(store.owner, options=database.WORKER.options) as connection:
        ((body,),) = connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'draws_awaiting'")
        asked = body.replace("latest", "42").replace("most", "10")
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN (COSTS OFF) {asked}".encode()))
    assert "Index Scan Backward using draw_awaiting" in plan
    assert "Filter" not in plan
