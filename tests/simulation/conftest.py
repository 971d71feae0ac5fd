"""Fixtures for what compares the ledger in memory with Postgres."""

from collections.abc import Iterator

import pytest

from tests.support.database import fresh_database
from tests.support.works import Works, works_on


@pytest.fixture
def works(postgres_server: str, redis_server: str) -> Iterator[Works]:
    """A store of its own on Postgres, and a drain to turn by hand."""
    with fresh_database(postgres_server) as database, works_on(database, redis_server) as made:
        yield made
