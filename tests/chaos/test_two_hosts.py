"""Two hosts do the same work; one is cut off in the middle of it, and comes back."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import psycopg
import pytest
import redis
from sqlalchemy import Engine

from cli.installation import answers
from cli.processes import PROCESSES
from cli.system.child import PROJECT, Child
from runtime.embedded import EmbeddedPostgres
from store.command_log import Place, lock
from store.roles import WORKER
from tests.chaos.test_faults_across_processes import Record, rush_through
from tests.support.caller import Organizer, until
from tests.support.database import TestDatabase, fresh_database
from tests.support.hosts import Host, Network, network
from tests.support.installation import Grounds, running_installation
from tests.support.rush import Rush
from tests.support.servers import running_postgres, wait_until

PORT, THREADS = 8080, 8
TAKES_OVER_IN = 8.0
BOOT_SECONDS = 60.0
KINDS = ("web", "admission", "scheduler")
HELD = """
SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid)
WHERE host(a.client_addr) = %s AND a.usename = 'drumroll_worker'
  AND a.state LIKE 'idle in transaction%%' AND l.relation = 'log_partition'::regclass
  AND l.mode = 'RowShareLock'"""


class Machine:
    """A host with a gateway, a worker and a scheduler."""

    def __init__(self, host: Host, grounds: Grounds, outside: str) -> None:
        self.host, self.url = host, f"http://{host.address}:{PORT}"
        self.children = {kind: self._child(kind, grounds, outside) for kind in KINDS}

    def is_up(self) -> bool:
        """Whether all its processes are."""
        workers = all(self.children[kind].said(f'"{PROCESSES[kind].up}"') for kind in KINDS)
        assert all(child.pid is not None for child in self.children.values()), self.last_words()
        return workers and answers(f"{self.url}/readyz")

    def last_words(self) -> list[str]:
        """What its processes said."""
        return [line for child in self.children.values() for line in child.last_words()]

    def _child(self, kind: str, grounds: Grounds, outside: str) -> Child:
        process, system = PROCESSES[kind], grounds.system
        own = system._settings(kind, process)
        settings = {name: text.replace("127.0.0.1", outside) for name, text in own.items()}
        settings |= {"HOST": "0.0.0.0", "PORT": str(PORT), "METRICS_PORT": "0"}  # noqa: S104 (it is a namespace)
        environment = process.environment(system.shape.inherited() | settings, THREADS)
        log = system.folder.logs / f"{self.host.name}-{kind}.log"
        return Child(kind, self.host.command(process.command(THREADS)), environment, log)


HOLDS = """
import sys
from store import database
from store.command_log import Place, lock
engine = database.engine(sys.argv[1], database.WORKER, pool=1)
with engine.connect() as connection:
    lock(connection, Place("queue", 0))
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
LEASE = (1.0, 4.0)


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
    """Two hosts, and this machine outside."""
    with network(2) as made:
        yield made


@pytest.fixture
def grounds(connected: Network) -> Iterator[Grounds]:
    """The servers, which can be reached from both hosts, and who decides about organizations and people."""
    with running_installation(web=0, admission=0, scheduler=0) as made:
        listen_outside(made, connected.outside)
        yield made


@pytest.fixture
def machines(grounds: Grounds, connected: Network) -> Iterator[list[Machine]]:
    """Both at work."""
    made = [Machine(host, grounds, connected.outside) for host in connected.hosts]
    children = [child for machine in made for child in machine.children.values()]
    try:
        for child in children:
            child.start()
        for machine in made:
            wait_until(machine.is_up, BOOT_SECONDS)
        yield made
    finally:
        for child in children:
            child.end_rest()


@pytest.fixture
async def hall(grounds: Grounds, machines: list[Machine]) -> AsyncIterator[Organizer]:
    """An organization whose people give a host that does not answer five seconds."""
    made = await asyncio.to_thread(
        grounds.system.create_organization, "Harbour Hall", "harbour-hall", trusted_networks=["10.0.0.0/8"]
    )
    timeout, connector = aiohttp.ClientTimeout(total=5), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        yield Organizer(session, [machine.url for machine in machines], made, made.live)


def let_in(postgres: EmbeddedPostgres, outside: str) -> None:
    """Let Postgres take calls from the hosts, from its next start on."""
    allowed = postgres._cluster.data / "pg_hba.conf"
    allowed.write_text(f"{allowed.read_text()}\nhost all all {outside}/24 scram-sha-256\n")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET listen_addresses = '127.0.0.1,{outside}'".encode())


def listen_outside(grounds: Grounds, outside: str) -> None:
    """Let the servers take calls from the hosts."""
    assert grounds.system.servers.postgres is not None
    let_in(grounds.system.servers.postgres, outside)
    grounds.system.restart("postgres")
    with redis.Redis.from_url(grounds.system.redis_url) as client:
        client.config_set("bind", f"127.0.0.1 {outside}")


def holds_a_partition(grounds: Grounds, host: Host) -> bool:
    """Whether a worker of this host is in the middle of a drain, as Postgres sees it."""
    return bool(grounds.value(HELD, host.address))


async def cut_off_holding(grounds: Grounds, rush: Rush, machine: Machine) -> None:
    """Cut a host off at a moment at which it holds the lock of a partition."""
    for _ in range(200):
        machine.host.cut_off()
        if holds_a_partition(grounds, machine.host):
            return
        machine.host.join_again()
        await rush.reached(1)
    raise AssertionError("it never held a partition when it was cut off")


async def test_a_host_is_cut_off_while_it_holds_a_partition_and_the_other_takes_over(
    grounds: Grounds, machines: list[Machine], hall: Organizer, record_property: Record
) -> None:
    one, other = machines

    async def cut(rush: Rush) -> None:
        other.children["admission"].send(signal.SIGSTOP)  # because then the partition is the one's for certain
        await rush.reached(3)
        await cut_off_holding(grounds, rush, one)
        other.children["admission"].send(signal.SIGCONT)
        async with asyncio.timeout(TAKES_OVER_IN):
            await rush.reached(10)
        await until(lambda: hall.seen["0"] > 0)  # somebody there was given up, and tried the other
        one.host.join_again()
        await rush.reached(15)

    await rush_through(grounds, hall, cut, record_property)
    await asyncio.to_thread(wait_until, one.is_up, BOOT_SECONDS)
