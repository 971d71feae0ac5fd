"""A host is cut off in the middle of its work, and comes back."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
import redis
from sqlalchemy import Engine

from cli.system.child import PROJECT
from store.command_log import Place, lock
from store.roles import WORKER
from tests.support.database import TestDatabase, fresh_database
from tests.support.hosts import Host, Network, network
from tests.support.machines import let_in
from tests.support.servers import running_postgres, running_redis, wait_until

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
LISTENS = """
import asyncio, sys
from redis.asyncio import Redis
from api_gateway.live.lines import Lines
from runtime.clock import Clock
async def listen():
    client = Redis.from_url(sys.argv[1], socket_connect_timeout=1, socket_keepalive_options=eval(sys.argv[2]))
    lines = Lines(None, client, Clock())
    listening = asyncio.create_task(lines.listen())
    print("begun", flush=True)
    while not lines._nudged:
        await asyncio.sleep(0.02)
asyncio.run(listen())
"""
STRIKES = "SELECT strikes FROM log_partition WHERE topic = 'queue' AND part = 0"
LEASE = (1.0, 6.0)
NOTICED_IN = 10.0
GIVES_UP_SOON = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_USER_TIMEOUT: 1_000}


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


@pytest.mark.parametrize("kernel", [{}, GIVES_UP_SOON], ids=["nobody says anything", "the kernel gives up"])
def test_a_gateway_on_a_cut_off_host_notices_that_it_hears_nobody_and_hears_again_once_it_is_back(
    connected: Network, kernel: Mapping[int, int]
) -> None:
    """Else it would be deaf for as long again as the host was cut off, because Redis repeats itself ever more rarely."""
    host = connected.hosts[0]
    with running_redis() as server, redis.Redis.from_url(server.url) as client:
        client.config_set("bind", f"127.0.0.1 {connected.outside}")
        url = server.url.replace("127.0.0.1", connected.outside)
        with running_on(host, LISTENS, "begun", url, str(kernel)) as process:
            wait_until(lambda: client.pubsub_numpat() == 1)
            host.cut_off()
            assert says_within(process, b"snapshots.unheard", NOTICED_IN)
            host.join_again()
            wait_until(lambda: client.publish("changed:queue", "1") >= 0 and process.poll() is not None, NOTICED_IN)
            assert process.returncode == 0


@contextmanager
def held_by(host: Host, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process on this host that holds a partition."""
    with running_on(host, HOLDS, "held", url) as process:
        yield process


@contextmanager
def running_on(host: Host, program: str, begins: str, *given: str) -> Iterator[subprocess.Popen[str]]:
    """A program on this host, given these words, that has said that it began."""
    command = host.command([sys.executable, "-c", program, *given])
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{begins}\n"
            yield process
        finally:
            process.kill()


def says_within(process: subprocess.Popen[str], word: bytes, seconds: float) -> bool:
    """Whether it says this word within this time."""
    assert process.stdout is not None
    said, until = b"", time.monotonic() + seconds
    while word not in said and select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
        said += os.read(process.stdout.fileno(), 65_536)
    return word in said


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
        return int(connection.exec_driver_sql(STRIKES).scalar_one())


@pytest.fixture
def connected() -> Iterator[Network]:
    """A host, and this machine outside."""
    with network(1) as made:
        yield made
