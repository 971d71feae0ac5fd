"""What tests are about, made straight in the store: plain functions with defaults."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Connection

from domain.command import Actor, Command, Envelope
from domain.draw.config import DrawConfig
from domain.draw.state import Draw
from domain.queue.commands import EnterQueue
from domain.queue.config import QueueConfig
from domain.queue.state import Queue
from store import bulk
from store.repositories.base import Tenancy
from store.repositories.draws import Draws
from store.repositories.queues import Queues
from store.tables.experience import experience, sequence
from store.tables.organization import organization

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_MADE = {"created_at": LONG_AGO, "updated_at": LONG_AGO, "created_by": "tests", "updated_by": "tests"}


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization in one mode."""

    tenant_id: UUID
    id: UUID


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence and what it belongs to."""

    organization: Organization
    experience_id: UUID
    id: UUID


def make_organization(connection: Connection, *, mode: str = "live", **settings: Any) -> Organization:
    """An organization with these settings; its slug is its id."""
    made = Organization(uuid4(), uuid4())
    row = {
        "tenant_id": made.tenant_id, "id": made.id, "mode": mode, "name": "Harbour Hall", "slug": str(made.id),
        "settings": settings, "twin_tenant_id": uuid4(), **_MADE,
    }  # fmt: skip
    bulk.insert(connection, organization, [row])
    return made


def make_sequence(connection: Connection, owner: Organization | None = None, *, published: bool = True) -> Sequence:
    """A sequence of an experience that people see."""
    owner = owner or make_organization(connection)
    made = Sequence(owner, uuid4(), uuid4())
    common = {
        "tenant_id": owner.tenant_id, "name": "Opening night", "settings": {}, **_MADE,
    }  # fmt: skip
    launch = {"id": made.experience_id, "organization_id": owner.id, "slug": str(made.id), "published": published}
    bulk.insert(connection, experience, [common | launch])
    bulk.insert(connection, sequence, [common | {"id": made.id, "experience_id": made.experience_id}])
    return made


def make_queue(connection: Connection, under: Sequence | None = None, admit_rate: int = 600, **settings: Any) -> Queue:
    """A queue, open from the start unless `open_at` says otherwise. Settings are those of QueueConfig."""
    under = under or make_sequence(connection)
    config = QueueConfig(name="Main door", admit_rate=admit_rate, **settings)
    made = Queue(
        tenant_id=under.organization.tenant_id, id=uuid4(), organization_id=under.organization.id,
        experience_id=under.experience_id, sequence_id=under.id, config=config, server_seed=bytes(32),
        created_at=LONG_AGO, updated_at=LONG_AGO, created_by="tests",
    )  # fmt: skip
    queues = Queues(Tenancy(connection, made.tenant_id))
    queues.put(made)
    queues.flush()
    return made


def make_draw(
    connection: Connection, under: Sequence | None = None, draw_at: datetime | None = None, **settings: Any
) -> Draw:
    """A draw, open from the start, of one winner in an hour unless told otherwise. Settings are those of DrawConfig."""
    under = under or make_sequence(connection)
    now = connection.exec_driver_sql("SELECT ledger_now()").scalar_one()
    config = DrawConfig.model_validate(
        {"name": "Raffle", "draw_at": draw_at or now + timedelta(hours=1), "winner_count": 1} | settings
    )
    made = Draw(
        tenant_id=under.organization.tenant_id, id=uuid4(), organization_id=under.organization.id,
        experience_id=under.experience_id, sequence_id=under.id, config=config, server_seed=bytes(32),
        created_at=LONG_AGO, updated_at=LONG_AGO, created_by="tests",
    )  # fmt: skip
    draws = Draws(Tenancy(connection, made.tenant_id))
    draws.put(made)
    draws.flush()
    return made


C = TypeVar("C", bound=Command)


def sent(queue: Queue | Draw, command: C, *, command_id: UUID | None = None, keyed: str | None = None) -> Envelope[C]:
    """A command on its way, from a person, through the gateway `tests`."""
    person = Actor("consumer", uuid4())
    return Envelope(command_id or uuid4(), queue.tenant_id, person, uuid4(), command, gateway="tests", keyed=keyed)


def entering(queue: Queue, *, consumer_id: UUID | None = None, keyed: str | None = None) -> Envelope[EnterQueue]:
    """Somebody wants to join the line."""
    return sent(queue, EnterQueue(queue_id=queue.id, consumer_id=consumer_id or uuid4()), keyed=keyed)


def deep(command: Envelope[EnterQueue], depth: int = 500) -> Envelope[Command]:
    """The same command with a body that cannot be written."""
    nested: Any = []
    for _ in range(depth):
        nested = [nested]
    body = EnterQueue.model_construct(queue_id=command.body.queue_id, consumer_id=nested)
    return Envelope(uuid4(), command.tenant_id, command.actor, command.request_id, body)
