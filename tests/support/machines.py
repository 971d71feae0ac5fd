"""Machines of one installation: hosts of their own with a gateway, workers and a scheduler each, on servers outside."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socket import gethostname

import psycopg

from cli.installation import answers
from cli.processes import PROCESSES
from cli.system.child import Child
from runtime.embedded import EmbeddedPostgres
from tests.support.hosts import Host, Network
from tests.support.installation import BOOT_SECONDS, Grounds, running_installation
from tests.support.servers import wait_until

KINDS = ("web", "admission", "selection", "people", "administration", "scheduler")
PORT, THREADS = 8080, 8


class Machine:
    """A host with one process of each kind."""

    def __init__(self, host: Host, grounds: Grounds, outside: str) -> None:
        """Start nothing yet. `outside` is where the servers are."""
        self.host, self.url = host, f"http://{host.address}:{PORT}"
        self.children = {kind: self._child(kind, grounds, outside) for kind in KINDS}

    @property
    def gateway(self) -> str:
        """What its gateway is called in the log of commands."""
        return f"{gethostname()}:{self.children['web'].pid}"

    def is_up(self) -> bool:
        """Whether all its processes are, and the gateway reaches its store."""
        assert all(child.pid is not None for child in self.children.values()), self.last_words()
        ready = all(child.said(f'"{PROCESSES[kind].up}"') for kind, child in self.children.items())
        return ready and answers(f"{self.url}/readyz")

    def last_words(self) -> str:
        """What its processes said."""
        return "\n".join(line for child in self.children.values() for line in child.last_words())

    def _child(self, kind: str, grounds: Grounds, outside: str) -> Child:
        process, system = PROCESSES[kind], grounds.system
        own = {name: text.replace("127.0.0.1", outside) for name, text in system._settings(kind, process).items()}
        own |= {"HOST": self.host.address, "PORT": str(PORT), "METRICS_PORT": "0"}
        environment = process.environment(system.shape.inherited() | own, THREADS)
        log = system.folder.logs / f"{self.host.name}-{kind}.log"
        return Child(kind, self.host.command(process.command(THREADS)), environment, log)


@contextmanager
def servers_outside(network: Network, environment: Mapping[str, str] | None = None) -> Iterator[Grounds]:
    """An installation of which only the servers run here, where the hosts of this network reach them."""
    with running_installation(environment, **dict.fromkeys(KINDS, 0)) as grounds:
        postgres = grounds.system.servers.postgres
        assert postgres is not None
        let_in(postgres, network.outside)
        grounds.system.restart("postgres")
        with grounds.bell() as bell:
            bell.config_set("bind", f"127.0.0.1 {network.outside}")
        yield grounds


@contextmanager
def running_machines(grounds: Grounds, network: Network) -> Iterator[list[Machine]]:
    """A machine on each host, all at work."""
    machines = [Machine(host, grounds, network.outside) for host in network.hosts]
    children = [child for machine in machines for child in machine.children.values()]
    try:
        for child in children:
            child.start()
        for machine in machines:
            wait_until(machine.is_up, BOOT_SECONDS)
        yield machines
    finally:
        for child in children:
            child.end_rest()


def let_in(postgres: EmbeddedPostgres, outside: str) -> None:
    """Let Postgres take calls from the hosts, from its next start on."""
    allowed = postgres._cluster.data / "pg_hba.conf"
    allowed.write_text(f"{allowed.read_text()}\nhost all all {outside}/24 scram-sha-256\n")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET listen_addresses = '127.0.0.1,{outside}'".encode())
