"""Where a storm's people go: organizations, each with its queues, and the keys that call for them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api_gateway.auth import key_hash
from tests.chaos.storm.book import Asks, Book, tenant_of
from tests.chaos.storm.ground import Ground
from tests.support.caller import ADMIN, Organizer

_KEYS = "SELECT id FROM api_key WHERE hash = %s"


@dataclass(slots=True)
class Hall:
    """An organization in one mode, with what calls in its name."""

    name: str
    calling: Organizer
    server: Asks
    visitor: Asks
    ahead: timedelta = timedelta(0)
    experience: dict[str, Any] = field(default_factory=dict)
    queues: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def tenant_id(self) -> UUID:
        """Whose rows these are."""
        return tenant_of(self.calling)


def hall_of(ground: Ground, name: str, calling: Organizer) -> Hall:
    """An organization whose keys' ids are known, and by which clock it is served."""
    secret, publishable = (
        ground.value(_KEYS, key_hash(text)) for text in (calling.keys.secret, calling.keys.publishable)
    )
    ahead = ground.value("SELECT ahead FROM ledger_clock")
    return Hall(name, calling, Asks(secret, calling.as_server), Asks(publishable, calling.as_visitor), ahead)


async def make_queue(book: Book, hall: Hall, name: str, **settings: Any) -> dict[str, Any]:
    """A queue of this hall, under a key like everything else; its making and its opening are effects."""
    sequence = hall.experience["sequences"][0]["id"]
    made = await book.call(
        hall.calling, hall.server, ("create queue", "POST", f"{ADMIN}/queues"),
        {"sequenceId": sequence, "name": name, "admitRate": 600_000} | settings, under=UUID(sequence),
        causes=lambda own_id: (("distribution.changed", f"{own_id} created"), ("queue.order.fixed", str(own_id))),
    )  # fmt: skip
    assert made.status == 201, made
    hall.queues[name] = made.body
    return dict(made.body)


async def furnish(book: Book, hall: Hall) -> None:
    """An experience that people see."""
    asks, ask = hall.calling, hall.server
    under = hall.tenant_id
    made = await book.call(
        asks, ask, ("create experience", "POST", f"{ADMIN}/experiences"), {"name": "Harvest"}, under=under,
        causes=lambda own_id: (("experience.changed", f"{own_id} created"),),
    )  # fmt: skip
    assert made.status == 201, made
    own_id = made.body["id"]
    shown = await book.call(
        asks, ask, ("publish", "POST", f"{ADMIN}/experiences/{own_id}/publish"), None, under=under,
        causes=lambda _: (("experience.changed", f"{own_id} published"),),
    )  # fmt: skip
    hall.experience = shown.body


def later(ahead: timedelta, seconds: float) -> str:
    """A moment so many seconds from now, as the wire has it. `ahead` is how far the ledger's clock is ahead of this machine's."""
    return (datetime.now(UTC) + ahead + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
