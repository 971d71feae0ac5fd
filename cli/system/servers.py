"""The two servers an installation stands on: embedded ones, or those that it is pointed at."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from runtime.embedded import EmbeddedPostgres, EmbeddedRedis, EmbeddedServerError

DATABASE = "drumroll"


class Servers:
    """Postgres and Redis. A URL that is given names an existing server, which is neither started nor stopped."""

    def __init__(
        self,
        state: Path,
        database_url: str | None = None,
        redis_url: str | None = None,
        cores: Collection[int] = (),
    ) -> None:
        """Start nothing yet. Embedded servers keep to these cores; none named: any."""
        self._database_url, self._redis_url = database_url, redis_url
        self.postgres = None if database_url else EmbeddedPostgres(state, cores)
        self.redis = None if redis_url else EmbeddedRedis(state, cores)
        self._lock = threading.Lock()
        self._running = False

    @property
    def owner_url(self) -> str:
        """The store under its owner."""
        if self._database_url:
            return self._database_url
        return "" if self.postgres is None else in_database(self.postgres.url, DATABASE)

    @property
    def redis_url(self) -> str:
        """The doorbell."""
        return self._redis_url or ("" if self.redis is None else self.redis.url)

    def start(self) -> None:
        """Start both at once. EmbeddedServerError: one of them cannot; the other is stopped again by `stop`."""
        with self._lock, ThreadPoolExecutor(max_workers=2) as both:
            self._running = True
            started = [both.submit(server.start) for server in self._ours()]
            for one in started:
                one.result()

    def stop(self) -> None:
        """Stop both, the doorbell first."""
        with self._lock:
            self._running = False
            for server in reversed(self._ours()):
                server.stop()

    def restart(self, name: str, *, immediate: bool = False) -> None:
        """Stop and start "postgres" or "redis" on the same port; `immediate` is a crash."""
        server = {"postgres": self.postgres, "redis": self.redis}[name]
        if server is None:
            raise EmbeddedServerError(f"{name} is not ours: restart it where it runs")
        with self._lock:
            server.restart(immediate=immediate)

    def mend(self) -> list[str]:
        """Start again what has died; the names of what was. EmbeddedServerError when one cannot start, once the other has."""
        with self._lock, ThreadPoolExecutor(max_workers=2) as both:
            dead = [server for server in self._ours() if self._running and server.pid is None]
            started = [both.submit(server.restart) for server in dead]
            wait(started)
            for one in started:
                one.result()
        return [type(server).__name__.removeprefix("Embedded") for server in dead]

    def _ours(self) -> Sequence[EmbeddedPostgres | EmbeddedRedis]:
        return [server for server in (self.postgres, self.redis) if server is not None]


def in_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
