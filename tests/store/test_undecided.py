"""What waits in the log is counted by the store, for each organization and each thing that is to change."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from store.reads import ledger
from store.roles import GATEWAY
from tests.support.database import TestDatabase, fresh_database
from tests.support.factories import entering
from tests.support.statements import overheard
from tests.support.works import Works, works_on


@pytest.fixture
def works(postgres_server: str, redis_server: str) -> Iterator[Works]:
    """A store and a drain that nobody turns."""
    with fresh_database(postgres_server) as database, works_on(database, redis_server) as made:
        yield made


async def counted(database: TestDatabase) -> dict[UUID, int]:
    """What a gateway counts, with a statement whose answer has a row for each that is counted."""
    async with await psycopg.AsyncConnection.connect(database.url(GATEWAY), autocommit=True) as connection:
        with overheard() as heard:
            found = await ledger.undecided(connection)
        assert len(heard.about("command_log")) == 1
        return dict(found)


async def test_what_waits_is_counted_by_organization_and_by_aggregate(works: Works) -> None:
    assert await counted(works.database) == {}
    one, other = works.queue(), works.queue()
    works.append([entering(one) for _ in range(700)])
    works.append([entering(one), entering(other), entering(other)])
    assert await counted(works.database) == {one.tenant_id: 701, one.id: 701, other.tenant_id: 2, other.id: 2}
