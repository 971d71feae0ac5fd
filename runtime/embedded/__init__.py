"""Postgres and Redis for a machine that has neither: children of this process, in a folder of our own.

Nothing outside the state folder is written, no permission outside it changed, no user created.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded.errors import EmbeddedServerError
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.redis import EmbeddedRedis
from runtime.embedded.state import default_state_folder, remove_state

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedRedis",
    "EmbeddedServerError",
    "Servers",
    "default_state_folder",
    "embedded_servers",
    "remove_state",
]


@dataclass(frozen=True, slots=True)
class Servers:
    """The running servers of one state folder."""

    postgres: EmbeddedPostgres
    redis: EmbeddedRedis

    @property
    def postgres_url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """The URL of Redis database 0."""
        return self.redis.url


@contextmanager
def embedded_servers(state: Path) -> Iterator[Servers]:
    """Run both servers for the length of a block, with their data kept in `state` for the next time."""
    servers = Servers(EmbeddedPostgres(state), EmbeddedRedis(state))
    try:
        servers.postgres.start()
        servers.redis.start()
        yield servers
    finally:
        servers.redis.stop()
        servers.postgres.stop()
