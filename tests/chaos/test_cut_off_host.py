"""A host is cut off in the middle of its work, and comes back."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine

from cli.system.child import PROJECT
from runtime.embedded import EmbeddedPostgres
from store.command_log import Place, lock
from store.roles import WORKER
from tests.support.database import TestDatabase, fresh_database
from tests.support.hosts import Host, Network, network
from tests.support.servers import running_postgres, wait_until

HOLDS = """
import sys
from store import database
from store.command_log import Place, lock_and_take
from store.pipelined import pipelined
engine = database.engine(sys.argv[1], database.WORKER, pool=1)
with pipelined(engine) as connection:
    lock_and_take(connection, Place("queue", 0), 10)
    print("held", flush=True)
    sys.stdin.readline()
    try:
        connection.exec_driver_sql("UPDATE log_partition SET strikes = 7 WHERE topic = 'queue' AND part = 0")
        connection.commit()
        print("committed")
    except Exception as failure:
        print(type(failure).__name__)
"""
STRIKES = "SELECT strikes FROM log_partition WHERE topic = 'queue' AND part = 0"
LEASE = (1.0, 6.0)


def test_what_a_cut_off_host_holds_is_free_within_the_lease_and_its_late_commit_fails(connected: Network) -> None:
    """Two seconds after its last word, long before the network would tell that it is gone."""
    host = connected.hosts[0]
    with running_postgres() as server:
        let_in(server, connected.outside)
        server.restart()
        with fresh_database(server.url) as database, engine_of(database) as engine:
            url = database.url(WORKER).replace("127.0.0.1", connected.outside)
            with held_by(host, url) as process:
                assert not is_free(engine)
                host.cut_off()
                began = time.monotonic()
                wait_until(lambda: is_free(engine), 20)
                assert LEASE[0] < time.monotonic() - began < LEASE[1]
                host.join_again()
                said, _ = process.communicate("go\n", timeout=30)
            assert said.strip() != "committed"
            assert strikes(engine) == 0


@contextmanager
def held_by(host: Host, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process on this host that holds a partition."""
    command = host.command([sys.executable, "-c", HOLDS, url])
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@contextmanager
def engine_of(database: TestDatabase) -> Iterator[Engine]:
    """A worker's engine outside."""
    made = database.engine(WORKER, pool=1)
    yield made
    made.dispose()


def is_free(engine: Engine) -> bool:
    """Whether another worker could have the partition now."""
    with engine.connect() as connection:
        return lock(connection, Place("queue", 0)) is not None


def strikes(engine: Engine) -> int:
    """What the partition's row says."""
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT strikes FROM log_partition WHERE topic = 'queue' AND part = 0"
            ).scalar_one()
        )


@pytest.fixture
def connected() -> Iterator[Network]:
    """A host, and this machine outside."""
    with network(1) as made:
        yield made


def let_in(postgres: EmbeddedPostgres, outside: str) -> None:
    """Let Postgres take calls from the hosts, from its next start on."""
    allowed = postgres._cluster.data / "pg_hba.conf"
    allowed.write_text(f"{allowed.read_text()}\nhost all all {outside}/24 scram-sha-256\n")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET listen_addresses = '127.0.0.1,{outside}'".encode())
