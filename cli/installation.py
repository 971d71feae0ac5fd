"""A whole installation for the length of a block: servers, store and processes, in one state folder.

    with installation(state, web=2, scheduler=2) as system:
        keys = system.create_organization("Festival", "festival").test
        system.kill("admission")            # comes back by itself
        system.wait_ready("admission")

What runs is what the Procfile names. `async with` works as well, and leaves the event loop free meanwhile.
"""

from __future__ import annotations

import asyncio
import http.client
import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog

from cli.processes import PROCESSES, STOPPING, Process
from cli.reach import Reach
from cli.registering import NewOrganization, create_organization
from cli.system.child import Child
from cli.system.control import Control
from cli.system.ports import free_ports
from cli.system.preparing import check_server, connected, ensure_database, prepare
from cli.system.servers import Servers
from cli.system.shape import LOOPBACK, Shape
from cli.system.state import Running, Secrets, StateFolder
from cli.system.supervisor import Post, Supervisor
from domain.organizations.config import OrganizationConfig
from store.roles import MAINTENANCE, RolePasswords

READY_SECONDS = 90.0
Tell = Callable[[str], None]


def installation(
    state: Path,
    *,
    port: int = 0,
    threads: int = 8,
    environment: Mapping[str, str] | None = None,
    **counts: int,
) -> Installation:
    """An installation on embedded servers, to be entered with `with` or `async with`.

    `counts` says how many of each process of the Procfile: `web=2, scheduler=2, mail=0`. Errors are ObstacleError and
    EmbeddedServerError.
    """
    return Installation(state, Shape(counts, port=port, threads=threads, environment=environment or {}))


def say_in_log(sentence: str) -> None:
    """What is told of mishaps where nobody watches."""
    structlog.get_logger("installation").warning("installation.mishap", told=sentence)


class Installation(Control):
    """An installation. Everything in it is up between `bring_up` and `take_down`."""

    def __init__(self, state: Path, shape: Shape, tell: Tell = say_in_log) -> None:
        self.folder, self.shape = StateFolder(state), shape
        self._cores = shape.cores()
        self.servers = Servers(state, shape.database_url, shape.redis_url, self._cores.others)
        self.secrets = Secrets("", "", "")
        self.ports: dict[str, int] = {}
        self._metrics_ports: dict[str, int] = {}
        self._tell = tell
        self.supervisor = Supervisor({}, self.servers.mend, tell)

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder.path

    @property
    def urls(self) -> list[str]:
        """Where each gateway is dialled."""
        return [f"http://{LOOPBACK}:{port}" for port in self.ports.values()]

    @property
    def url(self) -> str:
        """Where the first gateway is dialled."""
        return self.urls[0]

    @property
    def metrics(self) -> dict[str, str]:
        """Where each process, by its name, shows its metrics."""
        ports = self.ports | self._metrics_ports
        return {name: f"http://{LOOPBACK}:{ports[name]}/metrics" for name in self.names if name in ports}

    @property
    def owner_url(self) -> str:
        """The store under its owner."""
        return self.servers.owner_url

    @property
    def redis_url(self) -> str:
        """The doorbell."""
        return self.servers.redis_url

    @property
    def bell_url(self) -> str:
        """Where the bell rings."""
        return self.shape.given("BROKER_URL") or self.redis_url

    def role_url(self, role: str) -> str:
        """The store under one of the roles of `store.roles`."""
        return RolePasswords(self.secrets.role_secret).url(self.owner_url, role)

    def reach(self) -> Reach:
        """The installation as operators' commands reach it."""
        return Reach(self.role_url(MAINTENANCE), self.redis_url, self.bell_url, self.secrets.key_encryption_key)

    def create_organization(self, name: str, slug: str, **settings: object) -> NewOrganization:
        """Make an organization with keys for both modes; further settings are named as in OrganizationConfig."""
        config = OrganizationConfig.model_validate({"name": name, "slug": slug, "currency_code": "EUR"} | settings)
        with self.reach().producer() as producer:
            return create_organization(producer, config)

    def bring_up(self) -> None:
        """Start everything and return when it is ready; what is in the way is said by ObstacleError or EmbeddedServerError."""
        self.folder.take()
        try:
            self._start_servers()
            self._start_processes()
        except BaseException:
            self.take_down()
            raise

    def take_down(self) -> None:
        """Stop everything in order: gateways, workers, schedulers, servers. Nothing is left running.

        Nothing happens in a folder that another installation holds.
        """
        if not self.folder.is_ours:
            return
        self.folder.forget("running.json")
        kinds = {name: process.name for name, process in self.shape.processes().items() if name in self.names}
        try:
            self.supervisor.stop([name for name, kind in kinds.items() if kind in stage] for stage in STOPPING)
        finally:
            self.servers.stop()
            self.folder.release()

    def _start_servers(self) -> None:
        self.secrets = self.folder.secrets({name: self.shape.given(name) or "" for name in Secrets.names()})
        self.servers.start()
        ensure_database(self.owner_url)
        for sentence in check_server(self.owner_url, unsafe_allowed=self.shape.unsafe_allowed):
            self._tell(sentence)
        with connected(self.owner_url) as connection:
            prepare(connection, RolePasswords(self.secrets.role_secret), self.secrets.key_encryption_bytes)

    def _start_processes(self) -> None:
        processes = self.shape.processes()
        gateways = [name for name, process in processes.items() if process is PROCESSES["web"]]
        self.ports = dict(zip(gateways, free_ports(self.shape.port, len(gateways)), strict=True))
        others = [name for name in processes if name not in self.ports]
        self._metrics_ports = dict(zip(others, free_ports(0, len(others), self.ports.values()), strict=True))
        posts = {name: self._post(name, process) for name, process in processes.items()}
        self.supervisor = Supervisor(posts, self.servers.mend, self._tell)
        self.supervisor.start(READY_SECONDS)
        url = self.urls[0] if self.urls else ""
        Running(url, self.owner_url, self.redis_url, os.getpid(), self.bell_url).keep_in(self.folder)

    def _post(self, name: str, process: Process) -> Post:
        threads = self.shape.threads
        environment = process.environment(self.shape.inherited() | self._settings(name, process), threads)
        log, cores = self.folder.logs / f"{name}.log", self._cores_of(name)
        child = Child(name, process.command(threads), environment, log, cores)
        if name in self.ports:
            url = f"http://{LOOPBACK}:{self.ports[name]}/readyz"
            return Post(child, lambda: answers(url))
        return Post(child, lambda: child.said(f'"{process.up}"'))

    def _cores_of(self, name: str) -> frozenset[int]:
        gateways = list(self.ports)
        return self._cores.gateways[gateways.index(name)] if name in gateways else self._cores.others

    def _settings(self, name: str, process: Process) -> dict[str, str]:
        first = next(iter(self.ports.values()), 0)
        return {
            "DATABASE_URL": self.role_url(process.role),
            "MAINTENANCE_DATABASE_URL": self.role_url(MAINTENANCE),
            "REDIS_URL": self.redis_url,
            "GATEWAY_SECRET": self.secrets.gateway_secret,
            "KEY_ENCRYPTION_KEY": self.secrets.key_encryption_key,
            "HOST": self.shape.host,
            "PORT": str(self.ports.get(name, first)),
            "METRICS_PORT": str(self._metrics_ports.get(name, 0)),
            "PUBLIC_URL": self.shape.given("PUBLIC_URL") or f"http://consumer.localhost:{first}",
        }

    def __enter__(self) -> Self:
        self.bring_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.take_down()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.bring_up)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.to_thread(self.take_down))


def answers(url: str) -> bool:
    """Whether a GET of this http:// URL is answered with 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
