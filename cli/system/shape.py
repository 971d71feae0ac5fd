"""How an installation is made up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from cli.errors import ObstacleError
from cli.processes import PRIVATE, PROCESSES, Process
from cli.system.cores import ANYWHERE, Cores, available, shared_out

LOOPBACK = "127.0.0.1"
_YES_OR_NO: TypeAdapter[bool] = TypeAdapter(bool)
_SET_FOR_EACH = {"REDIS_URL", "HOST", "PORT", "PUBLIC_URL", "METRICS_PORT", "WORKER_THREADS"}


@dataclass(frozen=True, slots=True)
class Shape:
    """How many of each process, listening where, on which servers.

    `counts` is by the words of the Procfile; what it leaves out comes once, and mail where SMTP_URL says how.
    `port` is the first gateway's (0: any free one). The URLs name existing servers instead of embedded ones.
    `environment` is set for every process, over what this process has.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    host: str = LOOPBACK
    port: int = 0
    threads: int = 8
    database_url: str | None = None
    redis_url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def processes(self) -> dict[str, Process]:
        """Every process by its name: "web", "web.2", "admission" ..."""
        mail = 1 if self.given("SMTP_URL") else 0
        wanted = {name: self.counts.get(name, mail if name == "mail" else 1) for name in PROCESSES}
        return {
            name if number == 1 else f"{name}.{number}": PROCESSES[name]
            for name, count in wanted.items()
            for number in range(1, count + 1)
        }

    def cores(self) -> Cores:
        """Where each process runs: a core for each gateway, unless CORES=shared. ObstacleError for any other word."""
        word = self.given("CORES") or "own"
        if word not in {"own", "shared"}:
            raise ObstacleError(f"CORES is `own` or `shared`, not `{word}`.")
        return shared_out(available() if word == "own" else ANYWHERE, self.counts.get("web", 1))

    def given(self, name: str) -> str | None:
        """A setting as the processes are to have it; None when it is not set, or empty."""
        return self.environment.get(name, os.environ.get(name)) or None

    @property
    def unsafe_allowed(self) -> bool:
        """Whether the store may be lost, as the processes will read ALLOW_UNSAFE_STORE. ObstacleError: neither yes nor no."""
        word = self.given("ALLOW_UNSAFE_STORE") or "no"
        try:
            return _YES_OR_NO.validate_python(word)
        except ValidationError:
            raise ObstacleError(f"ALLOW_UNSAFE_STORE is `1` or `0`, not `{word}`.") from None

    def inherited(self) -> dict[str, str]:
        """The environment of all processes before each gets its own settings."""
        ours = _SET_FOR_EACH | PRIVATE - {"SMTP_URL"}
        return {name: word for name, word in os.environ.items() if name not in ours} | dict(self.environment)
