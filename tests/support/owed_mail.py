"""Mail that is owed because commands died, and who delivers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from domain.command import Envelope
from domain.queue.commands import EnterQueue
from domain.queue.state import Queue
from store import dead
from store.database import ledger_now, see_tenants
from store.dead import DeadCommand
from store.roles import SCHEDULER, WORKER
from tests.support.database import PARTITIONS
from tests.support.factories import entering
from tests.support.works import Works
from workers.delivery import Delivery
from workers.smtp import Patience, Relay

OPERATOR = "operator@harbour.test"


@contextmanager
def delivering(works: Works, url: str, operator: str | None = OPERATOR) -> Iterator[Delivery]:
    """A deliverer under its role."""
    engine = works.database.engine(SCHEDULER, pool=1)
    yield Delivery(engine, Relay(url, Patience(1.0, 1.0, 1.0)), "no-reply@harbour.test", operator)
    engine.dispose()


def bury(works: Works, *, times: int = 1) -> Envelope[EnterQueue]:
    """A command dies, once or more often."""
    engine = works.database.engine(WORKER, pool=1)
    one = entering(works.queue())
    for _ in range(times):
        with engine.begin() as connection:
            see_tenants(connection, [one.tenant_id])
            now = ledger_now(connection)
            dead.bury(connection, [DeadCommand(one, now, now, "ValueError: secret words", "Traceback")], PARTITIONS)
    engine.dispose()
    return one


def bury_many(works: Works, dead_commands: int, queue: Queue) -> None:
    """So many commands on a queue die in one drain."""
    engine = works.database.engine(WORKER, pool=1)
    with engine.begin() as connection:
        see_tenants(connection, [queue.tenant_id])
        now = ledger_now(connection)
        died = [DeadCommand(entering(queue), now, now, "ValueError: words", "") for _ in range(dead_commands)]
        dead.bury(connection, died, PARTITIONS)
    engine.dispose()


def mail(works: Works) -> Any:
    """The only mail."""
    (row,) = works.rows("SELECT * FROM outbox")
    return row
