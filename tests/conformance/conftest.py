"""Fixtures for the laws: one store for all that a module does, because everything in it has a tenant of its own."""

from collections.abc import Iterator

import pytest

from tests.support.database import fresh_database
from tests.support.works import Works, works_on


@pytest.fixture(scope="module")
def works(postgres_server: str, redis_server: str) -> Iterator[Works]:
    """A store and a drain to turn by hand."""
    with fresh_database(postgres_server) as database, works_on(database, redis_server) as made:
        yield made
