"""The servers of an installation: what has died is started again, whatever keeps the other one down."""

import os
import signal

import psycopg
import pytest

from cli.system.servers import Servers
from runtime.embedded import EmbeddedPostgres, EmbeddedRedis, EmbeddedServerError
from tests.support.servers import answers, query, temporary_state, wait_until

UNREADABLE = "ALTER SYSTEM SET shared_preload_libraries = 'nowhere_to_be_found'"


def die(server: EmbeddedPostgres | EmbeddedRedis | None) -> None:
    """SIGKILL to a server; return when it is known to be gone."""
    assert server is not None
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.pid is None)


def test_redis_is_started_again_while_postgres_cannot_start() -> None:
    with temporary_state() as state:
        servers = Servers(state)
        try:
            servers.start()
            assert servers.postgres is not None
            query(servers.postgres.url, UNREADABLE)
            die(servers.postgres)
            die(servers.redis)
            with pytest.raises(EmbeddedServerError, match="Postgres did not start"):
                servers.mend()
            assert answers(servers.redis_url)
            with pytest.raises(psycopg.OperationalError):
                query(servers.postgres.url, "SELECT 1")
        finally:
            servers.stop()
