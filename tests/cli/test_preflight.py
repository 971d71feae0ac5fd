"""Processes on servers that are set wrong: which do not start, with which words, and which start and say so."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from cli.errors import ObstacleError
from cli.installation import Installation
from cli.processes import PROCESSES
from cli.system.ports import free_ports
from cli.system.shape import Shape
from runtime.keys import new_key
from runtime.preflight import NOT_STARTED, REFUSED
from store import signing_keys
from store.roles import MAINTENANCE
from tests.support.database import PASSWORDS, TestDatabase, fresh_database
from tests.support.inside import inside
from tests.support.procfile import LINES, ROOT, UP, Environment, drumroll
from tests.support.servers import running_postgres, running_redis, temporary_state, wait_until

KEK = bytes(range(32))


@dataclass(frozen=True)
class Place:
    """A store and a bell of its own, and how their processes are started."""

    store: TestDatabase
    redis_url: str

    def of(self, name: str, **settings: str) -> Environment:
        """The environment of a process."""
        process = PROCESSES[name]
        given = {
            "DATABASE_URL": self.store.url(process.role), "REDIS_URL": self.redis_url, "GATEWAY_SECRET": "tests",
            "KEY_ENCRYPTION_KEY": KEK.hex(), "MAINTENANCE_DATABASE_URL": self.store.url(MAINTENANCE),
            "SMTP_URL": "smtp://127.0.0.1:1", "PORT": str(free_ports(0, 1)[0]),
        }  # fmt: skip
        return {"PATH": os.environ["PATH"]} | given | settings

    def owner(self, **settings: str) -> Environment:
        """The environment of `drumroll migrate`."""
        owned = {"DATABASE_URL": self.store.owner, "REDIS_URL": self.redis_url, "ROLE_SECRET": PASSWORDS.secret}
        return {"PATH": os.environ["PATH"]} | owned | settings

    def run(self, *statements: str) -> None:
        """Run statements as the superuser."""
        with psycopg.connect(self.store.owner, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def unsafe(self) -> Iterator[None]:
        """A server that acknowledges commits before they are on disk."""
        self.run("ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()")
        try:
            wait_until(lambda: self._commits() == "off")
            yield
        finally:
            self.run("ALTER SYSTEM RESET synchronous_commit", "SELECT pg_reload_conf()")
            wait_until(lambda: self._commits() == "on")

    def is_waited_for(self) -> bool:
        """Whether somebody waits for a lock."""
        with psycopg.connect(self.store.owner) as connection:
            return bool(connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall())

    def _commits(self) -> str:
        with psycopg.connect(self.store.owner) as connection:
            return str((connection.execute("SHOW synchronous_commit").fetchone() or [""])[0])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Servers of its own, because they are set wrong here."""
    with running_postgres() as postgres, running_redis() as bell, fresh_database(postgres.url, "preflight") as store:
        engine = store.engine()
        with engine.begin() as connection:
            for purpose in signing_keys.LONGEST:
                signing_keys.rotate(connection, purpose, new_key(KEK))
        engine.dispose()
        yield Place(store, bell.url)


@contextmanager
def started(name: str, environment: Environment, log: Path) -> Iterator[str]:
    """What a process of the Procfile has said when it is up; AssertionError when it does not come up."""
    typed = [sys.executable, "-m", "cli", *LINES[name].split()]
    with log.open("wb") as output:
        process = subprocess.Popen(typed, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        up = UP.get(name, "worker.up")
        wait_until(lambda: up in log.read_text() or process.poll() is not None, 60)
        assert process.poll() is None, log.read_text()
        yield log.read_text()
    finally:
        process.terminate()
        process.wait(30)


def warnings(said: str) -> list[str]:
    """The warnings in a log."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [line["because"] for line in lines if line["event"] == "preflight.warning"]


@pytest.mark.parametrize("name", PROCESSES)
def test_no_process_starts_on_a_store_that_may_lose_commits(place: Place, name: str) -> None:
    with place.unsafe():
        refused = drumroll(LINES[name], place.of(name))
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "Set synchronous_commit = on" in refused.stderr
    assert "ALLOW_UNSAFE_STORE=1" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_neither_is_it_migrated_nor_taken_for_an_installation(place: Place) -> None:
    with place.unsafe(), temporary_state() as state:
        refused = drumroll("migrate", place.owner())
        shape = Shape({"web": 0}, database_url=place.store.owner, redis_url=place.redis_url)
        with pytest.raises(ObstacleError, match="Set synchronous_commit = on"), Installation(state, shape):
            pass
        allowed = drumroll("migrate", place.owner(ALLOW_UNSAFE_STORE="1"))
    assert (refused.returncode, "Set synchronous_commit = on" in refused.stderr) == (2, True)
    assert (allowed.returncode, "Set synchronous_commit = on" in allowed.stderr) == (0, True)


@pytest.mark.parametrize("name", ["web", "people"])
def test_a_store_that_may_be_lost_is_allowed_aloud(place: Place, name: str, tmp_path: Path) -> None:
    settings = place.of(name, ALLOW_UNSAFE_STORE="1")
    with place.unsafe(), started(name, settings, tmp_path / "log") as said:
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        (told,) = [line for line in lines if line["event"] == "preflight.unsafe_store"]
    assert (told["level"], "synchronous_commit = off" in told["because"]) == ("error", True)


def test_no_setting_allows_a_role_that_sees_every_tenant(place: Place) -> None:
    for name in ("web", "administration"):
        settings = place.of(name, ALLOW_UNSAFE_STORE="1") | {"DATABASE_URL": place.store.url(MAINTENANCE)}
        refused = drumroll(LINES[name], settings)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert f"The role {MAINTENANCE} has BYPASSRLS" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_replica_is_read_under_the_same_role(place: Place) -> None:
    refused = drumroll(LINES["web"], place.of("web", READS_DATABASE_URL=place.store.url(MAINTENANCE)))
    assert refused.returncode == 2
    assert f"READS_DATABASE_URL names the role {MAINTENANCE}" in refused.stderr


def test_a_worker_with_too_few_threads_is_refused(place: Place) -> None:
    refused = drumroll(LINES["admission"], place.of("admission", WORKER_THREADS="3"))
    assert (refused.returncode, "set WORKER_THREADS=8" in refused.stderr) == (2, True)


@pytest.mark.parametrize("name", ["web", "scheduler"])
def test_what_only_costs_is_one_line_each_and_the_process_starts(place: Place, name: str, tmp_path: Path) -> None:
    with redis.Redis.from_url(place.redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        place.run("ALTER SYSTEM SET client_connection_check_interval = 0", "SELECT pg_reload_conf()")
        try:
            settings = place.of(name) | {"MAINTENANCE_DATABASE_URL": place.store.url("drumroll_scheduler")}
            with started(name, settings, tmp_path / "log") as said:
                found = warnings(said)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
            place.run("ALTER SYSTEM RESET client_connection_check_interval", "SELECT pg_reload_conf()")
    assert ["allkeys-lru" in one for one in found].count(True) == 1
    assert ["client_connection_check_interval" in one for one in found].count(True) == 1
    assert ["nothing would be cleared" in one for one in found].count(True) == (name == "scheduler")
    assert len(found) == 2 + (name == "scheduler")


def test_where_nothing_is_wrong_nothing_is_said(place: Place, tmp_path: Path) -> None:
    with ExitStack() as processes:
        for name in ("web", "people", "scheduler"):
            said = processes.enter_context(started(name, place.of(name), tmp_path / f"{name}.log"))
            assert warnings(said) == []


def test_a_clock_that_is_wrong_is_told_and_keeps_nobody_from_starting(place: Place, tmp_path: Path) -> None:
    settings = place.of("web") | inside("tests.support.skewed:ahead")
    with started("web", settings, tmp_path / "log") as said:
        (told,) = warnings(said)
    assert re.match(r"This process's clock is (8\d|90) s ahead of Postgres'", told)


@pytest.mark.parametrize("name", ["web", "people", "scheduler"])
def test_who_is_not_let_in_is_told_what_to_do(place: Place, name: str) -> None:
    right = place.of(name)
    for wrong in (re.sub(r":[^:@]+@", ":guessed@", right["DATABASE_URL"]), f"{right['DATABASE_URL']}-of-others"):
        refused = drumroll(LINES[name], right | {"DATABASE_URL": wrong})
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert f"Postgres does not let {PROCESSES[name].role}@127.0.0.1" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_nothing_starts_on_a_store_that_was_never_asked(place: Place) -> None:
    nowhere, names = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}, ("web", "people", "scheduler", "mail")
    with ThreadPoolExecutor(len(names)) as threads:
        for ended in threads.map(lambda name: drumroll(LINES[name], place.of(name) | nowhere), names):
            assert ended.returncode == NOT_STARTED, ended.stdout + ended.stderr
            assert '"event":"preflight.store_away"' in ended.stdout + ended.stderr
            assert "Postgres cannot be asked" in ended.stderr


def test_a_store_that_cannot_be_asked_for_a_moment_is_asked_again(place: Place) -> None:
    with psycopg.connect(place.store.owner) as somebody:
        somebody.execute("LOCK TABLE log_partition")
        with place.unsafe(), ThreadPoolExecutor(1) as threads:
            refused = threads.submit(drumroll, LINES["people"], place.of("people"))
            wait_until(place.is_waited_for, 60)
            wait_until(lambda: not place.is_waited_for())
            somebody.rollback()
            assert refused.result().returncode == REFUSED
