"""The real system under measurement: an installation with an organization, a launch, people and queues."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from bench.admin import Admin
from bench.people import Person, Signer, new_people, signer_of, tokens
from bench.usage import Meter, family
from cli.crowd.limits import raise_file_limit
from cli.installation import Installation
from cli.registering import NewOrganization
from cli.system.shape import Shape
from domain.tenant import TenantFacts
from domain.times import iso

HOST = "127.0.0.1"
ADMIT_RATE = 600
SETTLE = b"VACUUM (ANALYZE) consumer, session, queue_entry, journal, command_log, queue, draw, draw_entry, draw_order, draw_run"
_MANY = {"limit": 6_000_000, "windowSeconds": 60}
_ENTRIES = {"limit": 1_200_000, "windowSeconds": 60}
LIMITS = {
    "entry": {"key": _ENTRIES | {"burst": 40_000}, "consumer": {"limit": 10, "windowSeconds": 10}, "address": _ENTRIES},
    "status": {"key": _MANY, "consumer": _MANY, "address": _MANY},
}
"""All limits are counted; those of the address are raised, because in a benchmark a whole crowd has one."""


@dataclass(frozen=True, slots=True)
class System:
    """A running installation, measured in test mode of its one organization."""

    installation: Installation
    organization: NewOrganization
    sequence_id: str
    signer: Signer
    port: int
    host: str = HOST
    _issues: Iterator[int] = field(default_factory=count)

    @property
    def tenant(self) -> TenantFacts:
        """The tenant under measurement."""
        made = self.organization
        return TenantFacts(made.test_tenant_id, made.id, "test", made.slug, True, 3600, 86_400)  # noqa: FBT003

    @property
    def admin(self) -> Admin:
        """Its Admin API."""
        return Admin(self.host, self.port, self.organization.test.secret)

    @property
    def superuser_url(self) -> str:
        """The store's server, for databases beside this one."""
        servers = self.installation.servers
        return servers.owner_url if servers.postgres is None else servers.postgres.url

    def connect(self) -> psycopg.Connection[Any]:
        """The store under its owner, who sees all tenants."""
        return psycopg.connect(self.installation.owner_url)

    def meter(self) -> Meter:
        """Begins to measure the processor time of each part of it."""
        at = self.installation
        ours = {"gateway": at.pid("web"), "worker": at.pid("admission"), "scheduler": at.pid("scheduler")}
        return Meter(ours | self.server_pids)

    @property
    def server_pids(self) -> dict[str, int | None]:
        """The first processes of the servers that both sides of a comparison share."""
        servers = self.installation.servers
        postgres = servers.postgres.pid if servers.postgres is not None else None
        return {"postgres": postgres, "redis": servers.redis.pid if servers.redis is not None else None}

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """For the length of a block none of its processes but the servers runs, so that another installation has the machine."""
        at, names = self.installation, self.installation.shape.processes()
        pids = [each for first in map(at.pid, names) if first is not None for each in family(first)]
        try:
            _tell(pids, signal.SIGSTOP)
            yield
        finally:
            _tell(pids, signal.SIGCONT)

    def new_queue(self, **settings: Any) -> UUID:
        """A queue made through the front door; settings by their names on the wire."""
        asked = {"sequenceId": self.sequence_id, "name": "The door", "admitRate": ADMIT_RATE} | settings
        return UUID(self.admin.post("/queues", asked)["id"])

    def people(self, number: int) -> list[Person]:
        """So many new guests with sessions."""
        with self.connect() as connection:
            return new_people(connection, self.organization.test_tenant_id, number)

    def settle(self) -> None:
        """Have the store done with what it would otherwise do in the middle of a run."""
        with psycopg.connect(self.installation.owner_url, autocommit=True) as connection:
            connection.execute(SETTLE)
            connection.execute(b"CHECKPOINT")

    def requests(self, method: str, path: str, people: Sequence[Person]) -> Iterable[bytes]:
        """One complete request per person, each with a token that the gateway has never seen."""
        length = "Content-Length: 0\r\n" if method == "POST" else ""
        head = (
            f"{method} /consumer/api/v1{path} HTTP/1.1\r\nHost: {self.host}\r\n"
            f"X-Publishable-Key: {self.organization.test.publishable}\r\n{length}Authorization: Bearer "
        ).encode()
        made = tokens(self.signer, self.tenant, people, next(self._issues))
        return (head + token.encode() + b"\r\n\r\n" for token in made)

    def polls(self, queue_id: UUID, people: Sequence[Person]) -> list[bytes]:
        """One look at one's place per person."""
        return list(self.requests("GET", f"/queues/{queue_id}/status", people))

    def enters(self, queue_id: UUID, people: Sequence[Person]) -> Iterable[bytes]:
        """One request to enter per person."""
        return self.requests("POST", f"/queues/{queue_id}/enter", people)


def _tell(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


@contextmanager
def running_system(folder: Path, *, shape: type[Shape] = Shape, **settings: str) -> Iterator[System]:
    """The system in `folder` for the length of a block, everything in it new. Nothing is left running.

    `settings` are those of its processes, by their names in the environment.
    """
    raise_file_limit(4096)
    installation = Installation(folder, shape(environment=settings))
    installation.folder.reset()
    with installation:
        made = installation.create_organization("The bench", "the-bench", rate_limits=LIMITS)
        port = urlsplit(installation.url).port or 0
        admin = Admin(HOST, port, made.test.secret)
        experience = admin.post("/experiences", {"name": "Figures"})
        admin.post(f"/experiences/{experience['id']}/publish", {})
        issuer = installation.shape.given("PUBLIC_URL") or f"http://consumer.localhost:{port}"
        with psycopg.connect(installation.owner_url) as connection:
            signer = signer_of(connection, installation.secrets.key_encryption_bytes, issuer)
        yield System(installation, made, str(experience["sequences"][0]["id"]), signer, port)


def tomorrow() -> dict[str, str | None]:
    """Settings of a queue that may be entered now and opens in a day, so that everybody waits."""
    now = datetime.now(UTC)
    return {"entryOpenAt": iso(now), "openAt": iso(now + timedelta(days=1))}
