"""Fixtures of whoever turns a drain by hand; a folder's conftest takes them in."""

from collections.abc import Iterator

import pytest

from tests.support.database import TestDatabase, fresh_database
from tests.support.works import Works, works_on


@pytest.fixture
def store(postgres_server: str) -> Iterator[TestDatabase]:
    """A database of its own."""
    with fresh_database(postgres_server) as database:
        yield database


@pytest.fixture
def works(store: TestDatabase, redis_server: str) -> Iterator[Works]:
    """A store and a drain to turn by hand."""
    with works_on(store, redis_server) as made:
        yield made
