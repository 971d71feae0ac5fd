"""What each role of the database sees and may do, tried with plain SQL: the walls hold without any help of the program."""

from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from store.roles import GATEWAY, MAINTENANCE, ROLES, SCHEDULER, WITHOUT_POLICIES, WORKER
from store.tables import metadata
from tests.support.database import TestDatabase, fresh_database
from tests.support.walls import TABLES, WALLED, as_role, furnish, is_refused, tenants_seen

HALL, BARN = uuid4(), uuid4()
BOTH = f"{{{HALL},{BARN}}}"
HIDDEN = [
    ("queue", "server_seed"), ("queue", "frontier"), ("signing_key", "sealed"), ("command_log", "body"),
    ("api_key", "hash"), ("session", "refresh_hash"), ("session", "previous_hash"), ("outbox", "payload"),
    ("outbox", "raw"), ("outbox", "recipient"), ("timer", "body"), ("dead_command", "envelope"),
    ("dead_command", "traceback"),
]  # fmt: skip
FORGOTTEN = {"queue_grant", "draw_run"}
"""What a worker takes away again, because it says only how things stand."""
FUNCTIONS = {
    "journal_outcomes": {GATEWAY, WORKER}, "resolve_key": {GATEWAY, WORKER}, "resolve_slug": {GATEWAY, WORKER},
    "waiting_command": {GATEWAY, WORKER}, "draws_awaiting": {SCHEDULER},
}  # fmt: skip
"""What looks across tenants, and who may ask it."""


@pytest.fixture(scope="module")
def store(postgres_server: str) -> Iterator[TestDatabase]:
    """A database with a row of two tenants in every table; what a test does to it is rolled back."""
    with fresh_database(postgres_server) as database:
        for tenant in (HALL, BARN):
            furnish(database, tenant)
        yield database


def catalogue(store: TestDatabase, statement: str) -> list[Any]:
    """The rows of a statement under the owner."""
    with psycopg.connect(store.owner) as connection:
        return connection.execute(statement.encode()).fetchall()


def named(statement: str, *names: str) -> sql.Composed:
    """A statement about tables and columns."""
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def test_every_table_with_a_tenant_has_walls_that_bind_its_owner_too(store: TestDatabase) -> None:
    found = catalogue(
        store,
        """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND EXISTS (
  SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)""",
    )
    walled = {name for name, forced in found if forced}
    assert walled == set(WALLED)
    assert {name for name, forced in found if not forced} <= WITHOUT_POLICIES
    assert {name for (name,) in catalogue(store, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")} - {
        "alembic_version"
    } == set(TABLES)


def test_every_wall_has_a_door_for_each_role_that_needs_one(store: TestDatabase) -> None:
    found = catalogue(store, "SELECT tablename, unnest(roles), cmd FROM pg_policies WHERE permissive = 'PERMISSIVE'")
    wanted = {(name, GATEWAY, "SELECT") for name in WALLED} | {(name, WORKER, "ALL") for name in WALLED}
    assert set(found) == wanted | {("outbox", SCHEDULER, "ALL")}


def test_nobody_but_maintenance_steps_around_walls(store: TestDatabase) -> None:
    found = {name: rest for name, *rest in catalogue(store, _ROLES)}
    assert set(found) == set(ROLES)
    assert {name for name, (bypasses, *_) in found.items() if bypasses} == {MAINTENANCE}
    assert all(not any(powers) for _, *powers in found.values())
    owners = {owner for (owner,) in catalogue(store, "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")}
    assert not owners & set(ROLES)
    borrowed = catalogue(store, "SELECT pg_get_userbyid(member) FROM pg_auth_members")
    assert not {member for (member,) in borrowed} & set(ROLES)


_ROLES = """
SELECT rolname, rolbypassrls, rolsuper, rolcreaterole, rolcreatedb, rolreplication,
  has_schema_privilege(oid, 'public', 'CREATE'), has_database_privilege(oid, current_database(), 'CREATE')
FROM pg_roles WHERE rolname LIKE 'drumroll%'"""


@pytest.mark.parametrize("table", WALLED)
def test_a_gateway_sees_one_tenant_and_without_one_nothing(store: TestDatabase, table: str) -> None:
    for tenant in (HALL, BARN):
        with as_role(store, GATEWAY, tenant=str(tenant)) as connection:
            assert tenants_seen(connection, table) == {tenant}
    for settings in ({}, {"tenant": ""}, {"tenants": BOTH}, {"tenant": str(uuid4())}):
        with as_role(store, GATEWAY, **settings) as connection:
            assert tenants_seen(connection, table) == set()


@pytest.mark.parametrize("table", WALLED)
def test_a_worker_sees_exactly_the_tenants_of_its_batch(store: TestDatabase, table: str) -> None:
    seen: list[tuple[dict[str, str], set[UUID]]] = [
        ({"tenants": f"{{{HALL}}}"}, {HALL}), ({"tenants": BOTH}, {HALL, BARN}), ({}, set()), ({"tenants": ""}, set()),
        ({"tenants": "{}"}, set()), ({"tenant": str(HALL)}, set()),
    ]  # fmt: skip
    for settings, tenants in seen:
        with as_role(store, WORKER, **settings) as connection:
            assert tenants_seen(connection, table) == tenants


@pytest.mark.parametrize("table", WALLED)
def test_a_worker_writes_nothing_of_a_tenant_outside_its_batch(store: TestDatabase, table: str) -> None:
    with as_role(store, WORKER, tenants=f"{{{HALL}}}") as connection:
        moved = named("UPDATE {} SET tenant_id = %s", table)
        assert is_refused(connection, moved, (BARN,))
        changed = connection.execute(named("UPDATE {} SET tenant_id = tenant_id WHERE tenant_id = %s", table), (BARN,))
        assert changed.rowcount == 0
        gone = named("DELETE FROM {} WHERE tenant_id = %s", table)
        if table in FORGOTTEN:
            assert connection.execute(gone, (BARN,)).rowcount == 0
            assert connection.execute(gone, (HALL,)).rowcount > 0
        else:
            assert is_refused(connection, gone, (HALL,))


@pytest.mark.parametrize("table", TABLES)
def test_a_gateway_writes_nothing_but_rows_of_the_log(store: TestDatabase, table: str) -> None:
    columns = [column.name for column in metadata.tables[table].columns]
    with as_role(store, GATEWAY, tenant=str(HALL)) as connection:
        assert is_refused(connection, named("DELETE FROM {}", table))
        assert is_refused(connection, named("TRUNCATE {}", table))
        may = "SELECT has_any_column_privilege(%s, 'UPDATE'), has_any_column_privilege(%s, 'INSERT')"
        assert connection.execute(may, (table, table)).fetchone() == (False, table == "command_log")
        for column in columns:
            assert is_refused(connection, named("UPDATE {} SET {} = DEFAULT", table, column))
        if table != "command_log":
            assert is_refused(connection, named("INSERT INTO {} DEFAULT VALUES", table))


def test_a_gateway_says_neither_when_a_row_of_the_log_came_nor_how_often_it_was_tried(store: TestDatabase) -> None:
    place = {"topic": "queue", "part": 0, "gateway": "tests"}
    given = place | {"ids": [], "tenants": [], "aggregates": [], "n": 1, "body": b""}
    with as_role(store, GATEWAY) as connection:
        assert not is_refused(connection, *insertion(given))
        for column, value in {"appended_at": "2026-01-01", "attempts": 3, "position": 1}.items():
            assert is_refused(connection, *insertion(given | {column: value}))


def insertion(row: dict[str, Any]) -> tuple[sql.Composed, tuple[Any, ...]]:
    """A row for the log."""
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    places = sql.SQL(", ").join(sql.Placeholder() for _ in row)
    statement = sql.SQL("INSERT INTO command_log ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(names, places)
    return statement, tuple(row.values())


@pytest.mark.parametrize(("table", "column"), HIDDEN)
def test_a_gateway_cannot_read_what_is_secret(store: TestDatabase, table: str, column: str) -> None:
    with as_role(store, GATEWAY, tenant=str(HALL)) as connection:
        assert is_refused(connection, named("SELECT {} FROM {}", column, table))
        assert is_refused(connection, named("SELECT * FROM {}", table))
        assert is_refused(connection, named("SELECT 1 FROM {} WHERE {} IS NULL", table, column))


@pytest.mark.parametrize("table", sorted(set(WALLED) - {"outbox"}))
def test_a_scheduler_sees_nothing_of_tenants_but_what_is_to_be_delivered(store: TestDatabase, table: str) -> None:
    with as_role(store, SCHEDULER, tenant=str(HALL), tenants=BOTH) as connection:
        assert is_refused(connection, named("SELECT tenant_id FROM {}", table))
        assert tenants_seen(connection, "outbox") == {HALL, BARN}


@pytest.mark.parametrize(("role", "setting"), [(GATEWAY, "drumroll.tenant"), (WORKER, "drumroll.tenants")])
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_who_was_seen_is_forgotten_with_the_transaction(store: TestDatabase, role: str, setting: str, end: str) -> None:
    seen = str(HALL) if role == GATEWAY else BOTH
    with psycopg.connect(store.url(role)) as connection:
        connection.execute("SELECT set_config(%s, %s, true)", (setting, seen))
        assert HALL in tenants_seen(connection, "queue")
        getattr(connection, end)()
        assert tenants_seen(connection, "queue") == set()


def test_the_functions_that_look_across_tenants_tell_nothing_of_another(store: TestDatabase) -> None:
    pages = catalogue(store, "SELECT tenant_id, command_ids FROM journal")
    ids = dict(pages)
    slugs = dict(catalogue(store, "SELECT tenant_id, slug FROM organization"))
    asked = "SELECT command_id FROM journal_outcomes(%s)"
    for role, tenant, other in product((GATEWAY, WORKER), (HALL, BARN), (HALL, BARN)):
        settings = {"tenant": str(tenant)} if role == GATEWAY else {"tenants": f"{{{tenant}}}"}
        with as_role(store, role, **settings) as connection:
            told = connection.execute(asked, (ids[other],)).fetchall()
            assert [row[0] for row in told] == (ids[tenant] if other == tenant else [])
            found = connection.execute("SELECT tenant_id FROM resolve_slug(%s)", (slugs[other],)).fetchall()
            assert found == [(other,)]
    with as_role(store, GATEWAY) as connection:
        assert connection.execute(asked, (ids[HALL] + ids[BARN],)).fetchall() == []
        for nobody in ("", "%", "' OR ''='", slugs[HALL].upper()):
            assert connection.execute("SELECT * FROM resolve_slug(%s)", (nobody,)).fetchall() == []


def test_a_key_is_resolved_by_its_hash_alone_and_the_hash_is_not_told(store: TestDatabase) -> None:
    hashes = {"hall": "a" * 64, "barn": "b" * 64}
    with psycopg.connect(store.owner) as owner:
        for tenant, kept in zip((HALL, BARN), hashes.values(), strict=True):
            owner.execute("UPDATE api_key SET hash = %s, organization_id = o.id FROM organization o "
                          "WHERE o.tenant_id = api_key.tenant_id AND o.tenant_id = %s", (kept, tenant))  # fmt: skip
    with as_role(store, GATEWAY, tenant=str(BARN)) as connection:
        found = connection.execute("SELECT * FROM resolve_key(%s)", (hashes["hall"],))
        assert "hash" not in [column.name for column in found.description or ()]
        rows = found.fetchall()
        assert [row[0] for row in rows] == [HALL]
        assert hashes["hall"] not in str(rows)
        for nobody in ("", "%", "a" * 63, "c" * 64):
            assert connection.execute("SELECT * FROM resolve_key(%s)", (nobody,)).fetchall() == []


def test_those_functions_belong_to_maintenance_and_are_called_by_few(store: TestDatabase) -> None:
    found = catalogue(
        store,
        """
SELECT p.proname, pg_get_userbyid(p.proowner), p.proconfig::text,
  ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'drumroll%' AND has_function_privilege(oid, p.oid, 'EXECUTE'))
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef""",
    )
    assert {name for name, *_ in found} == set(FUNCTIONS)
    for name, owner, pinned, callers in found:
        assert (owner, pinned) == (MAINTENANCE, "{search_path=public}")
        assert set(callers) == {*FUNCTIONS[name], MAINTENANCE}
