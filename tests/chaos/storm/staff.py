"""The organizers of a storm: they pause and go on, change limits, make and withdraw keys and launches, while people come."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

from tests.chaos.storm.book import Book, Call
from tests.chaos.storm.places import Hall, furnish, later
from tests.support.caller import ADMIN

PAUSED_SECONDS = 0.6
REST_SECONDS = 1.0


async def pauses(book: Book, hall: Hall, closing: asyncio.Event) -> None:
    """Pause service and go on: now by hand, now by itself at a moment that was announced."""
    queue_id = hall.queues["door"]["id"]
    for turn in _turns(closing):
        by_itself = turn % 2 == 1
        body: dict[str, Any] = {"scope": "SERVICE"}
        effects = [("distribution.changed", f"{queue_id} paused")]
        if by_itself:
            body["resumeAt"] = later(hall.ahead, PAUSED_SECONDS)
            effects.append(("distribution.changed", f"{queue_id} resumed"))
        paused = await _admin(book, hall, "pause", queue_id, body, tuple(effects))
        await asyncio.sleep(PAUSED_SECONDS)
        if not paused.succeeded:
            continue
        if by_itself:
            await _goes_on(hall, queue_id)
        else:
            await _admin(book, hall, "resume", queue_id, {}, (("distribution.changed", f"{queue_id} resumed"),))
        await asyncio.sleep(REST_SECONDS)


async def changes_limits(book: Book, hall: Hall, closing: asyncio.Event) -> None:
    """Change how many may be inside and wait, and a number that makes each change one."""
    queue_id = hall.queues["door"]["id"]
    for turn in _turns(closing):
        body = {"maxActiveGrants": (3, 6)[turn % 2], "capacity": (10, 18)[turn % 2], "metadata": {"turn": str(turn)}}
        await book.call(
            hall.calling, hall.server, ("change limits", "PATCH", f"{ADMIN}/queues/{queue_id}"), body,
            under=UUID(queue_id), at=turn, causes=lambda _: (("distribution.changed", f"{queue_id} updated"),),
        )  # fmt: skip
        await asyncio.sleep(REST_SECONDS)


async def keeps_keys(book: Book, hall: Hall, closing: asyncio.Event) -> None:
    """Make a publishable key and withdraw it again."""
    where = f"{ADMIN}/organizations/current/keys"
    for turn in _turns(closing):
        made = await book.call(
            hall.calling, hall.server, ("create key", "POST", where),
            {"name": f"Page {turn}", "kind": "publishable", "mode": "live"}, under=hall.tenant_id, at=turn,
            causes=lambda own_id: (("organization.key.changed", f"{own_id} created"),),
        )  # fmt: skip
        if made.succeeded:
            await book.call(
                hall.calling, hall.server, ("revoke key", "DELETE", f"{where}/{made.body['id']}"), None,
                under=hall.tenant_id, at=turn + 1,
                causes=lambda _, key_id=made.body["id"]: (("organization.key.changed", f"{key_id} revoked"),),
            )  # fmt: skip
        await asyncio.sleep(REST_SECONDS)


async def launches(book: Book, hall: Hall, closing: asyncio.Event) -> None:
    """Make and publish one experience after the other."""
    for _ in _turns(closing):
        await furnish(book, Hall(hall.name, hall.calling, hall.server, hall.visitor))
        await asyncio.sleep(REST_SECONDS)


def _turns(closing: asyncio.Event) -> Iterator[int]:
    """Turn after turn until the end; what is under way by then is finished, because its outcome has to be known."""
    turn = 0
    while not closing.is_set():
        yield turn
        turn += 1


async def _admin(
    book: Book, hall: Hall, verb: str, queue_id: str, body: dict[str, Any], effects: tuple[tuple[str, str], ...]
) -> Call:
    asked = (verb, "POST", f"{ADMIN}/queues/{queue_id}/{verb}")
    return await book.call(hall.calling, hall.server, asked, body, under=UUID(queue_id), causes=lambda _: effects)


async def _goes_on(hall: Hall, queue_id: str) -> None:
    """Return when the pause has ended by itself."""
    path = f"{ADMIN}/queues/{queue_id}"
    while (await hall.calling.insist("GET", path, None, hall.server.headers)).body["paused"]:
        await asyncio.sleep(0.1)


Duty = Callable[[Book, Hall, asyncio.Event], Awaitable[None]]
DUTIES: tuple[Duty, ...] = (pauses, changes_limits, keeps_keys, launches)
"""What organizers do until the end, each beside the others."""
