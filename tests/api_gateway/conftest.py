"""Fixtures for tests of the gateway."""

from collections.abc import Iterator

import pytest

from tests.support.house import House, open_house
from tests.support.worked import store, works

__all__ = ["house", "store", "works"]


@pytest.fixture(scope="package")
def house(postgres_server: str, redis_server: str) -> Iterator[House]:
    """A running installation that these tests share; each makes its own queues."""
    with open_house(postgres_server, redis_server) as running:
        yield running
