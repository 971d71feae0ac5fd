"""What is found of a Postgres that is not as it should be: each fault on a real server, one at a time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from store import database, preflight
from store.preflight import Preflight
from store.roles import GATEWAY, MAINTENANCE, SCHEDULER, WORKER
from tests.support.database import TestDatabase, fresh_database
from tests.support.servers import running_postgres, wait_until

ROLES = (GATEWAY, WORKER, SCHEDULER)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A Postgres of its own, because what is set wrong here is set for all databases and roles."""
    with running_postgres() as own:
        yield own.url


@pytest.fixture
def store(server: str) -> Iterator[TestDatabase]:
    """A store in which everything is right; what a test breaks of the roles and the server it mends."""
    with fresh_database(server, "preflight") as made:
        yield made


def told(store: TestDatabase, role: str) -> Preflight:
    """What a process of this role finds."""
    return preflight.of_role(store.url(role), database.GATEWAY if role == GATEWAY else database.WORKER)


def run(store: TestDatabase, *statements: str) -> None:
    """Run statements as the superuser."""
    with psycopg.connect(store.owner, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def broken(store: TestDatabase, breaks: str, mends: str) -> Iterator[None]:
    """Something is wrong with the store for the length of a block."""
    run(store, breaks)
    try:
        yield
    finally:
        run(store, mends)


@contextmanager
def server_set(store: TestDatabase, name: str, value: str) -> Iterator[None]:
    """A setting of the server is another for the length of a block."""

    def shown() -> str:
        with psycopg.connect(store.owner) as connection:
            return str((connection.execute("SELECT current_setting(%s)", (name,)).fetchone() or [""])[0])

    before = shown()
    run(store, f"ALTER SYSTEM SET {name} = '{value}'", "SELECT pg_reload_conf()")
    try:
        wait_until(lambda: shown() != before)
        yield
    finally:
        run(store, f"ALTER SYSTEM RESET {name}", "SELECT pg_reload_conf()")
        wait_until(lambda: shown() == before)


@pytest.mark.parametrize("role", ROLES)
def test_of_a_store_in_which_everything_is_right_nothing_is_said(store: TestDatabase, role: str) -> None:
    found = told(store, role)
    assert (found.unsafe, found.wrong, found.warnings) == ([], [], [])
    assert preflight.warnings_of_maintenance(store.url(MAINTENANCE)) == []
    (blind,) = preflight.warnings_of_maintenance(store.url(role))
    assert "lacks BYPASSRLS" in blind


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_does_not_keep_its_pages_is_unsafe_for_everybody(store: TestDatabase, name: str) -> None:
    with server_set(store, name, "off"):
        for found in (*(told(store, role) for role in ROLES), preflight.of_server(store.owner)):
            (sentence,) = found.unsafe
            assert f"{name} = off" in sentence
            assert f"Set {name} = on" in sentence


@pytest.mark.parametrize("role", ROLES)
def test_commits_that_are_not_awaited_are_unsafe_also_when_it_stands_on_the_role(
    store: TestDatabase, role: str
) -> None:
    with broken(store, f"ALTER ROLE {role} SET synchronous_commit = off", f"ALTER ROLE {role} RESET ALL"):
        (sentence,) = told(store, role).unsafe
        assert f"ALTER ROLE {role} RESET synchronous_commit" in sentence
        assert [told(store, other).unsafe for other in ROLES if other != role] == [[], []]
        assert preflight.of_server(store.owner).unsafe == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("breaks", "mends", "said"),
    [
        ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER", "is a superuser"),
        ("ALTER ROLE {role} BYPASSRLS", "ALTER ROLE {role} NOBYPASSRLS", "has BYPASSRLS"),
        ("ALTER TABLE outbox OWNER TO {role}", "ALTER TABLE outbox OWNER TO postgres", "owns outbox"),
        ("CREATE ROLE landlord; ALTER TABLE timer OWNER TO landlord; GRANT landlord TO {role}",
         "ALTER TABLE timer OWNER TO postgres; DROP ROLE landlord", "owns timer"),
        ("CREATE ROLE landlord SUPERUSER; GRANT landlord TO {role}", "DROP ROLE landlord", "belongs to landlord"),
        (f"GRANT {MAINTENANCE} TO {{role}}", f"REVOKE {MAINTENANCE} FROM {{role}}", f"belongs to {MAINTENANCE}"),
        ("CREATE POLICY wide ON queue TO PUBLIC USING (true)", "DROP POLICY wide ON queue", "lets every role through"),
        ("ALTER TABLE command_log SET UNLOGGED", "ALTER TABLE command_log SET LOGGED", "command_log: UNLOGGED"),
        ("ALTER TABLE queue NO FORCE ROW LEVEL SECURITY", "ALTER TABLE queue FORCE ROW LEVEL SECURITY", "forced on queue:"),
        ("ALTER TABLE queue DISABLE ROW LEVEL SECURITY", "ALTER TABLE queue ENABLE ROW LEVEL SECURITY", "forced on queue:"),
        ("ALTER TABLE session RENAME TO other", "ALTER TABLE other RENAME TO session", "forced on session:"),
        ("DELETE FROM log_partition WHERE topic = 'people' AND part = 3",
         "INSERT INTO log_partition (topic, part) VALUES ('people', 3)", "people 7"),
        ("UPDATE log_partition SET part = 8 WHERE part = 3", "UPDATE log_partition SET part = 3 WHERE part = 8",
         "one in their midst is missing"),
        ("UPDATE log_partition SET topic = 'raffle' WHERE topic = 'queue'",
         "UPDATE log_partition SET topic = 'queue' WHERE topic = 'raffle'", "queue 0"),
    ],
)  # fmt: skip
def test_a_wall_or_a_count_that_is_wrong_is_said_with_what_is_wrong(
    store: TestDatabase, role: str, breaks: str, mends: str, said: str
) -> None:
    with broken(store, breaks.format(role=role), mends.format(role=role)):
        (sentence,) = told(store, role).wrong
        assert said in sentence
        assert "drumroll" in sentence
    assert told(store, role).wrong == []


@pytest.mark.parametrize(("role", "policy"), [(GATEWAY, "one"), (WORKER, "many"), (SCHEDULER, "all_tenants")])
def test_a_wall_without_a_door_is_said(store: TestDatabase, role: str, policy: str) -> None:
    with broken(
        store, f"ALTER POLICY {policy} ON outbox RENAME TO shut", f"ALTER POLICY shut ON outbox RENAME TO {policy}"
    ):
        assert told(store, role).wrong == []
    with broken(
        store, f"ALTER POLICY {policy} ON outbox TO {MAINTENANCE}", f"ALTER POLICY {policy} ON outbox TO {role}"
    ):
        assert told(store, role).wrong == [
            f"The role {role} has no policy on outbox: it would see nothing. Run `drumroll migrate`."
        ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("autovacuum_naptime", "5min", "vacuumed too seldom"), ("autovacuum", "off", "vacuumed too seldom"),
        ("client_connection_check_interval", "0", "a vanished client"),
    ],
)  # fmt: skip
def test_what_only_costs_is_a_warning(store: TestDatabase, name: str, value: str, said: str) -> None:
    with server_set(store, name, value):
        found = told(store, WORKER)
        assert (found.unsafe, found.wrong) == ([], [])
        (sentence,) = found.warnings
        assert said in sentence
        assert f"{name} = " in sentence


def test_a_disk_that_is_asked_twice_is_a_warning() -> None:
    """On a server of its own, because only a start sets it."""
    with running_postgres() as own:
        assert preflight.of_server(own.url).warnings == []
        with psycopg.connect(own.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET data_sync_retry = on")
        own.stop()
        own.start()
        assert ["Set data_sync_retry = off" in one for one in preflight.of_server(own.url).warnings] == [True]


@pytest.mark.parametrize("level", ["local", "remote_write"])
def test_a_commit_that_no_standby_has_kept_is_a_warning_only_where_there_should_be_one(
    store: TestDatabase, level: str
) -> None:
    with broken(store, f"ALTER ROLE {WORKER} SET synchronous_commit = {level}", f"ALTER ROLE {WORKER} RESET ALL"):
        assert told(store, WORKER).warnings == []
        with server_set(store, "synchronous_standby_names", "elsewhere"):
            found = told(store, WORKER)
            assert found.unsafe == []
            assert [f"synchronous_commit = {level} does not wait" in one for one in found.warnings] == [True]


def test_limits_that_do_not_reach_the_server_are_a_warning(store: TestDatabase) -> None:
    found = preflight.of_role(store.url(WORKER), database.OPERATOR)
    assert ["are ignored" in one for one in found.warnings] == [True]


def test_what_is_no_store_is_named(server: str) -> None:
    (sentence,) = preflight.of_role(server, database.WORKER).wrong
    assert "run `drumroll migrate`" in sentence


def test_a_role_of_somebody_else_is_named(store: TestDatabase) -> None:
    run(store, "CREATE ROLE somebody LOGIN PASSWORD 'somebody'")
    url = store.owner.replace(store.owner.split("//")[1].split("@")[0], "somebody:somebody")
    (sentence,) = preflight.of_role(url, database.WORKER).wrong
    assert re.search(r"as somebody .*permission denied", sentence)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "guessed"}, "password authentication failed"),
        ({"user": "nobody"}, "password authentication failed"),
        ({"dbname": "nothing"}, 'database "nothing" does not exist'),
    ],
)
def test_who_is_not_let_in_is_told_so_without_the_password(
    store: TestDatabase, wrong: dict[str, str], said: str
) -> None:
    given = psycopg.conninfo.conninfo_to_dict(store.url(WORKER)) | wrong
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**given)
    (sentence,) = preflight.of_role(url, database.WORKER).wrong
    assert f"Postgres does not let {given['user']}@" in sentence
    assert said in sentence
    assert str(given["password"]) not in sentence


def test_a_server_that_is_away_is_no_finding() -> None:
    found = preflight.of_role("postgresql://nobody@127.0.0.1:1/nothing", database.WORKER)
    assert "port 1 failed" in found.unreachable
    assert (found.unsafe, found.wrong, found.warnings) == ((), (), ())
