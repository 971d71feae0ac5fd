"""What amounts are in cannot change while one is being recorded."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from domain.distribution.order import Completion
from domain.queue.state import Queue
from store.database import see_tenants
from store.repositories.base import Tenancy
from store.repositories.completions import Completions
from store.roles import WORKER
from tests.support.database import fresh_database
from tests.support.factories import make_organization, make_queue, make_sequence


@pytest.fixture
def shop(postgres_server: str) -> Iterator[tuple[Engine, Queue]]:
    """Workers' connections to a store with one queue."""
    with fresh_database(postgres_server) as store:
        engine, owner = store.engine(WORKER), store.engine()
        with owner.begin() as connection:
            queue = make_queue(connection, make_sequence(connection, make_organization(connection, currencyCode="EUR")))
        yield engine, queue
        engine.dispose()
        owner.dispose()


def test_whoever_wants_to_change_the_currency_waits_for_an_order_that_is_being_recorded(
    shop: tuple[Engine, Queue],
) -> None:
    engine, queue = shop
    with engine.begin() as changing, engine.begin() as recording:
        see_tenants(changing, [queue.tenant_id])
        see_tenants(recording, [queue.tenant_id])
        till, desk = Completions(Tenancy(recording, queue.tenant_id)), Completions(Tenancy(changing, queue.tenant_id))
        assert till.currency_of(queue) == "EUR"
        changing.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError), changing.begin_nested():
            desk.paid_under(queue.experience_id)
        till.put(Completion(queue.tenant_id, queue.id, queue.id, 1250, "EUR"))
        till.flush()
        recording.commit()
        assert desk.paid_under(queue.experience_id)


def test_an_order_without_an_amount_is_no_money(shop: tuple[Engine, Queue]) -> None:
    engine, queue = shop
    with engine.begin() as connection:
        see_tenants(connection, [queue.tenant_id])
        till = Completions(Tenancy(connection, queue.tenant_id))
        till.put(Completion(queue.tenant_id, queue.id, queue.id))
        till.flush()
        assert not till.paid_under(queue.experience_id)
