"""The processes of the Procfile: what each is for, how it is started, and the only secrets it is given."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from store.roles import GATEWAY, SCHEDULER, WORKER

_URLS = {"DATABASE_URL", "MAINTENANCE_DATABASE_URL", "READS_DATABASE_URL", "SMTP_URL"}
PRIVATE = frozenset(_URLS | {"ROLE_SECRET", "GATEWAY_SECRET", "KEY_ENCRYPTION_KEY"})
"""Settings that no process gets by accident: each is handed to those that name it, and to nobody else."""

_GATEWAY = "from api_gateway.server import run; from runtime.settings import settings; run(settings())"
_LAST_BATCH_MS = 20_000
"""A drain leaves its partition after ten seconds; its batch in hand is finished within as many more."""


@dataclass(frozen=True, slots=True)
class Process:
    """A line of the Procfile.

    `module` is what dramatiq is pointed at and `topic` the only queue it listens to, for workers. `role` is the database
    role whose URL it gets, `private` the other private settings it may know, `up` the line of its log that says it is ready.
    """

    name: str
    promise: str
    role: str
    private: frozenset[str]
    up: str
    module: str | None = None
    topic: str = ""

    def command(self, threads: int) -> list[str]:
        """The program and its arguments; `threads` is for workers."""
        if self.module is None:
            return [sys.executable, *_PROGRAMS[self.name]]
        worker = ["-m", "dramatiq", self.module, "--queues", self.topic, "--processes", "1", "--threads", str(threads)]
        return [sys.executable, *worker, "--worker-shutdown-timeout", str(_LAST_BATCH_MS), "--skip-logging"]

    def environment(self, given: Mapping[str, str], threads: int) -> dict[str, str]:
        """Of the environment that was given: everything but the private settings of others."""
        kept = {name: value for name, value in given.items() if name not in PRIVATE - self.private - {"DATABASE_URL"}}
        return kept | self._tuning(threads)

    def _tuning(self, threads: int) -> dict[str, str]:
        """Use dramatiq as a doorbell: a cold partition wakes in 20 ms, and nothing is fetched that no thread is free for."""
        if self.module is None:
            return {"WORKER_THREADS": str(threads)}
        return {
            "WORKER_THREADS": str(threads),
            "dramatiq_worker_timeout": "20",
            "dramatiq_queue_prefetch": str(threads),
            "dramatiq_restart_delay": "500",
        }


_PROGRAMS = {"web": ("-c", _GATEWAY), "scheduler": ("-m", "workers.processes.scheduler")}


def _worker(name: str, topic: str, promise: str, role: str = WORKER, private: str = "KEY_ENCRYPTION_KEY") -> Process:
    return Process(name, promise, role, frozenset({private}), "worker.up", f"workers.processes.{name}", topic)


_ALL = (
    Process("web", "answers HTTP", GATEWAY, frozenset({"GATEWAY_SECRET", "READS_DATABASE_URL"}), "gateway.up"),
    _worker("admission", "queue", "decides who gets in"),
    _worker("selection", "draw", "draws, and decides who wins"),
    _worker("people", "people", "begins and ends sessions"),
    _worker("administration", "admin", "decides about organizations, keys and experiences"),
    Process(
        "scheduler", "fires timers, sweeps, clears what is past its term", SCHEDULER,
        frozenset({"MAINTENANCE_DATABASE_URL", "SMTP_URL"}), "scheduler.up",
    ),
    _worker("mail", "mail", "delivers e-mail", SCHEDULER, "SMTP_URL"),
)  # fmt: skip
PROCESSES: Mapping[str, Process] = MappingProxyType({process.name: process for process in _ALL})
"""Every process by its word in the Procfile, in the order in which they are started."""

WORKERS = tuple(name for name, process in PROCESSES.items() if process.module)
STOPPING: tuple[frozenset[str], ...] = (frozenset({"web"}), frozenset(WORKERS), frozenset({"scheduler"}))
"""The order in which they are stopped: first the door, so that no new commands come."""
