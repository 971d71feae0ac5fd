"""A URL that names a primary and its standby is good wherever a URL is: libpq finds out which of them takes writes."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from api_gateway.process import _pool
from cli.system.preparing import connected, ensure_database
from cli.system.servers import in_database
from store.database import WORKER, engine, place_of
from store.roles import RolePasswords
from tests.support.servers import running_postgres

SEVERAL = "postgresql://owner:s%40fe@first:5001,second:5002/drumroll?target_session_attrs=read-write"


@pytest.fixture(scope="module")
def several() -> Iterator[str]:
    """The URL of a server that is away and of one that is there."""
    with running_postgres() as gone:
        away = urlsplit(gone.url).port
    with running_postgres() as server:
        there = urlsplit(server.url)
        place = f"127.0.0.1:{away},127.0.0.1:{there.port}"
        yield there._replace(
            netloc=f"{there.username}:{there.password}@{place}", query="target_session_attrs=read-write"
        ).geturl()


def test_a_roles_url_names_the_same_hosts() -> None:
    url = RolePasswords("secret").url(SEVERAL, "drumroll_worker")
    assert url.endswith("@first:5001,second:5002/drumroll?target_session_attrs=read-write")
    assert psycopg.conninfo.conninfo_to_dict(url)["user"] == "drumroll_worker"


def test_another_database_of_the_same_hosts() -> None:
    assert in_database(SEVERAL, "postgres").endswith("@first:5001,second:5002/postgres?target_session_attrs=read-write")


def test_where_a_url_leads_is_said_without_its_password() -> None:
    assert place_of(SEVERAL) == "owner@first:5001,second:5002/drumroll"
    assert place_of("postgresql://owner:safe@first/drumroll") == "owner@first:5432/drumroll"


def test_an_engine_finds_the_one_that_is_there(several: str) -> None:
    made = engine(several, WORKER, pool=1)
    with made.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "1s"
    made.dispose()


def test_so_do_operators_commands_and_a_gateway(several: str) -> None:
    ensure_database(in_database(several, "made_here"))
    with connected(in_database(several, "made_here")) as connection:
        assert connection.exec_driver_sql("SELECT current_database()").scalar_one() == "made_here"


async def test_a_gateways_pool_finds_it_as_well(several: str) -> None:
    pool: AsyncConnectionPool = _pool(several)
    await pool.open(wait=True, timeout=10)
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
    await pool.close()
