"""How a world begins: how often what goes wrong in it, an organization, and one or two queues."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from domain.queue.config import QueueConfig
from domain.queue.state import Queue
from store import bulk
from store.repositories.base import Tenancy
from store.repositories.queues import Queues
from store.tables.experience import experience, sequence
from store.tables.organization import organization
from tests.simulation.ledger import NOON
from tests.simulation.world import Rates

TENANT, OWNER, SHOW, PATH = (UUID(int=0xA0 << 96 | number) for number in range(4))
_BY = {"created_at": NOON, "updated_at": NOON, "created_by": "tests", "updated_by": "tests"}


def rates_of(dice: Random) -> Rates:
    """How often each thing goes wrong in this world: some not at all, some often."""

    def drawn(most: float) -> float:
        return dice.choice((0.0, 0.2, 1.0)) * most * dice.random()

    return Rates(
        crash=drawn(0.01), unsent=drawn(0.02), unanswered=drawn(0.02), freeze=drawn(0.004),
        ring_lost=drawn(0.8), ring_doubled=drawn(0.8), ring_late=drawn(0.8),
        reply_lost=drawn(0.8), reply_doubled=drawn(0.8),
    )  # fmt: skip


def founded(connection: Any, dice: Random) -> list[Queue]:
    """An organization with a show, and one or two queues under it."""
    common = {"tenant_id": TENANT, "name": "Opening night", "settings": {}, **_BY}
    owner = {"id": OWNER, "mode": "live", "slug": "harbour-hall", "twin_tenant_id": UUID(int=1)}
    bulk.insert(connection, organization, [common | owner | {"status": "active"}])
    shown = {"id": SHOW, "organization_id": OWNER, "slug": "show", "published": True, "archived": False}
    bulk.insert(connection, experience, [common | shown])
    bulk.insert(connection, sequence, [common | {"id": PATH, "experience_id": SHOW, "archived": False}])
    made = [_queue(dice) for _ in range(1 + dice.randrange(2))]
    queues = Queues(Tenancy(connection, TENANT))
    for queue in made:
        queues.put(queue)
    queues.flush()
    return made


def _queue(dice: Random) -> Queue:
    small = (None, 1, 2, 3)
    config = QueueConfig(
        name="Main door", admit_rate=dice.choice((30, 60, 600)), admission_expiration_seconds=dice.choice((1, 2, 30)),
        completion_grace_seconds=dice.choice((0, 1)), on_expiry=dice.choice(("deny", "requeue")),
        max_active_grants=dice.choice(small), max_admissions=dice.choice((None, None, 4)),
        capacity=dice.choice((None, 2, 4)), max_completions_per_consumer=dice.choice((1, 2)),
        open_at=NOON + timedelta(seconds=dice.choice((1, 3))) if dice.random() < 0.3 else None,
    )  # fmt: skip
    return Queue(
        tenant_id=TENANT, id=UUID(int=dice.getrandbits(128)), organization_id=OWNER, experience_id=SHOW,
        sequence_id=PATH, config=config, server_seed=bytes(32), created_at=NOON, updated_at=NOON, created_by="tests",
    )  # fmt: skip
