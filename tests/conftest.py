"""Fixtures for every test. Each process of pytest-xdist has servers of its own, because they start at once."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.leaks import (  # noqa: F401 (hooks of pytest: no log and no refusal may tell a secret)
    pytest_configure,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.support.servers import running_postgres, running_redis

# No example has a deadline, because a busy machine is no fault of a rule.
settings.register_profile("drumroll", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("drumroll")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The superuser URL of a real Postgres that this session shares."""
    with running_postgres() as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a real Redis that this session shares."""
    with running_redis() as server:
        yield server.url
