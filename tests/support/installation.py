"""A whole installation on servers of its own, for tests that press, kill and freeze its processes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
import redis
from psycopg.rows import namedtuple_row

from cli.installation import Installation, answers, installation
from cli.processes import PROCESSES
from cli.registering import NewOrganization
from cli.system.child import Child
from cli.system.ports import free_ports
from tests.support.servers import temporary_state, wait_until

BOOT_SECONDS = 60.0
LOOPBACK = ["127.0.0.0/8"]
_numbers = count(1)


class Grounds:
    """A running installation and what a test looks at behind its back."""

    def __init__(self, system: Installation) -> None:
        self.system = system

    def found(self, **settings: Any) -> NewOrganization:
        """A new organization, which trusts this machine's address: everybody here has the same."""
        slug = f"harbour-hall-{next(_numbers)}"
        return self.system.create_organization("Harbour Hall", slug, **{"trusted_networks": LOOPBACK} | settings)

    def rows(self, statement: str, *values: object) -> Sequence[Any]:
        """The rows of a statement, under the owner."""
        with psycopg.connect(self.system.owner_url, autocommit=True, row_factory=namedtuple_row) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: object) -> Any:
        """The only value of a statement."""
        return self.rows(statement, *values)[0][0]

    def waiting(self) -> int:
        """How many commands are in the log."""
        return int(self.value("SELECT coalesce(sum(n), 0) FROM command_log"))

    def at_rest(self) -> bool:
        """Whether nothing waits, nothing is due, no partition is struck and nothing was buried."""
        return bool(
            self.value("""
SELECT NOT EXISTS (SELECT 1 FROM command_log) AND NOT EXISTS (SELECT 1 FROM log_partition WHERE strikes > 0)
  AND NOT EXISTS (SELECT 1 FROM timer WHERE due_at < ledger_now() - interval '1 second')
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE state NOT IN ('sent', 'bounced', 'dead'))
  AND NOT EXISTS (SELECT 1 FROM dead_command)""")
        )

    def all_ready(self) -> None:
        """Return when every process is ready, whatever an earlier test has done to it."""
        for name in self.system.names:
            self.system.wait_ready(name, BOOT_SECONDS)

    def bell(self) -> redis.Redis:
        """A client of the doorbell, to be closed by the caller."""
        return redis.Redis.from_url(self.system.redis_url)

    @contextmanager
    def gateway(self, name: str, **settings: str) -> Iterator[tuple[str, Child]]:
        """One more gateway with settings of its own, by its URL; ended with the block."""
        process, (port,) = PROCESSES["web"], free_ports(0, 1)
        shape, url = self.system.shape, f"http://127.0.0.1:{port}"
        own = shape.inherited() | self.system._settings(name, process) | {"PORT": str(port)} | settings
        child = Child(name, process.command(1), process.environment(own, 1), self.system.folder.logs / f"{name}.log")
        child.start()
        try:
            wait_until(lambda: answers(f"{url}/readyz") or child.pid is None, BOOT_SECONDS)
            assert child.pid is not None, "\n".join(child.last_words())
            yield url, child
        finally:
            child.terminate()
            child.gone_within(15)
            child.end_rest()


@contextmanager
def running_installation(environment: Mapping[str, str] | None = None, **counts: int) -> Iterator[Grounds]:
    """An installation with so many of each process, gone without a trace at the end of the block."""
    with temporary_state() as state, installation(state, environment=environment, **counts) as system:
        yield Grounds(system)
