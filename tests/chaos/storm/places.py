"""Where a storm's people go: organizations, each with its queues, and the keys that call for them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api_gateway.auth import key_hash
from tests.chaos.storm.book import Asks, Book, Call, Wish, tenant_of
from tests.chaos.storm.ground import Ground
from tests.support.caller import ADMIN, Organizer

_AHEAD = "SELECT ahead FROM ledger_clock"
_KEYS = "SELECT id FROM api_key WHERE hash = %s"


@dataclass(slots=True)
class Hall:
    """An organization in one mode, with what calls in its name. `ahead` is how far the ledger's clock is ahead of ours."""

    name: str
    book: Book
    calling: Organizer
    server: Asks
    visitor: Asks
    ahead: timedelta = timedelta(0)
    experience: dict[str, Any] = field(default_factory=dict)
    queues: dict[str, dict[str, Any]] = field(default_factory=dict)
    draws: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def tenant_id(self) -> UUID:
        """Whose rows these are."""
        return tenant_of(self.calling)

    async def asked(self, wish: Wish, *, at: int = 0, key: str = "") -> Call:
        """What the organization's server calls."""
        return await self.book.call(self.calling, self.server, wish, at=at, key=key)

    async def asked_once(self, wish: Wish, *, at: int = 0) -> Call:
        """What the organization's server calls without a key."""
        return await self.book.call_once(self.calling, self.server, wish, at=at)

    async def mistaken(self, wish: Wish, key: str, *, at: int = 0) -> None:
        """What the organization's server sends under a key that was answered for something else."""
        await self.book.misuse(self.calling, self.server, wish, key, at=at)


def hall_of(ground: Ground, name: str, book: Book, calling: Organizer) -> Hall:
    """An organization whose keys' ids are known, and by which clock it is served."""
    secret, publishable = (
        ground.value(_KEYS, key_hash(text)) for text in (calling.keys.secret, calling.keys.publishable)
    )
    book.watch([calling])
    ahead = ground.value(_AHEAD)
    return Hall(name, book, calling, Asks(secret, calling.as_server), Asks(publishable, calling.as_visitor), ahead)


async def make_queue(hall: Hall, name: str, **settings: Any) -> None:
    """A queue of this hall, under a key like everything else; its making and its opening are effects."""
    sequence = hall.experience["sequences"][0]["id"]
    wanted = {"sequenceId": sequence, "name": name, "admitRate": 600_000} | settings
    effects = (("distribution.changed", "{id} created"), ("queue.order.fixed", "{id}"))
    made = await hall.asked(Wish("create queue", "POST", f"{ADMIN}/queues", UUID(sequence), wanted, effects))
    assert made.succeeded, made
    hall.queues[name] = made.body


async def furnish(hall: Hall) -> dict[str, Any]:
    """An experience that people see."""
    path, under = f"{ADMIN}/experiences", hall.tenant_id
    effects = (("experience.changed", "{id} created"),)
    made = await hall.asked(Wish("create experience", "POST", path, under, {"name": "Harvest"}, effects))
    assert made.succeeded, made
    effects = (("experience.changed", f"{made.body['id']} published"),)
    shown = await hall.asked(Wish("publish", "POST", f"{path}/{made.body['id']}/publish", under, None, effects))
    assert shown.succeeded, shown
    return dict(shown.body)


def later(ahead: timedelta, seconds: float) -> str:
    """A moment so many seconds from now, as the wire has it. `ahead` is how far the ledger's clock is ahead of this machine's."""
    return (datetime.now(UTC) + ahead + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
