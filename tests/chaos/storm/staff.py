"""The organizers of a storm: they pause and go on, change limits, make and withdraw keys and launches, while people come."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.chaos.storm.book import Call, Effect, Wish
from tests.chaos.storm.places import Hall, furnish, later
from tests.chaos.storm.raffles import pausing, resuming
from tests.support.caller import ADMIN, eventually, strong_key

PAUSED_SECONDS = 0.6
REST_SECONDS = 1.0
DRAWS_REST_SECONDS = 3.0
GOES_ON_WITHIN = 60.0


async def pauses(hall: Hall, closing: asyncio.Event) -> None:
    """Pause service and go on: now by hand, now by itself at a moment that was announced."""
    own_id = hall.queues["door"]["id"]
    paused, resumed = ("distribution.changed", f"{own_id} paused"), ("distribution.changed", f"{own_id} resumed")
    for turn in _turns(closing):
        if turn % 2:
            announced = {"resumeAt": later(hall.ahead, PAUSED_SECONDS)}
            if (await _done(hall, "pause", own_id, announced, (paused, resumed))).succeeded:
                await _goes_on(hall, own_id)
        else:
            await _done(hall, "pause", own_id, {}, (paused,))
            await asyncio.sleep(PAUSED_SECONDS)
            await _done(hall, "resume", own_id, {}, (resumed,))
        await asyncio.sleep(REST_SECONDS)


async def changes_limits(hall: Hall, closing: asyncio.Event) -> None:
    """Change how many may be inside and wait, and a word that makes each change one; each third without a key."""
    own_id = hall.queues["door"]["id"]
    path, effects = f"{ADMIN}/queues/{own_id}", (("distribution.changed", f"{own_id} updated"),)
    for turn in _turns(closing):
        limits = {"maxActiveGrants": (3, 6)[turn % 2], "capacity": (10, 18)[turn % 2]}
        wish = Wish("change limits", "PATCH", path, UUID(own_id), limits | {"metadata": {"turn": str(turn)}}, effects)
        if turn % 3 == 1:
            await hall.asked_once(wish, at=turn)
        else:
            await _changes_twice_by_mistake(hall, wish, turn)
        await asyncio.sleep(REST_SECONDS)


async def pauses_draws(hall: Hall, closing: asyncio.Event) -> None:
    """Hold a draw and let it go on; one that is over is not to be held any more."""
    for turn in _turns(closing):
        for made in hall.draws.values():
            own_id = UUID(made["id"])
            if (await hall.asked(pausing(own_id), at=turn)).succeeded:
                await asyncio.sleep(PAUSED_SECONDS)
                await hall.asked(resuming(own_id), at=turn + 1)
        await asyncio.sleep(DRAWS_REST_SECONDS)


async def keeps_keys(hall: Hall, closing: asyncio.Event) -> None:
    """Make a publishable key and withdraw it again."""
    where, changed = f"{ADMIN}/organizations/current/keys", "organization.key.changed"
    for turn in _turns(closing):
        body = {"name": f"Page {turn}", "kind": "publishable", "mode": "live"}
        wish = Wish("create key", "POST", where, hall.tenant_id, body, ((changed, "{id} created"),))
        made = await hall.asked(wish, at=turn)
        if made.succeeded:
            key_id = made.body["id"]
            effects = ((changed, f"{key_id} revoked"),)
            wish = Wish("revoke key", "DELETE", f"{where}/{key_id}", hall.tenant_id, None, effects)
            await (hall.asked_once if turn % 2 else hall.asked)(wish, at=turn + 1)
        await asyncio.sleep(REST_SECONDS)


async def launches(hall: Hall, closing: asyncio.Event) -> None:
    """Make and publish one experience after the other."""
    for _ in _turns(closing):
        await furnish(hall)
        await asyncio.sleep(REST_SECONDS)


def _turns(closing: asyncio.Event) -> Iterator[int]:
    """Turn after turn until the end; what is under way by then is finished, because its outcome has to be known."""
    turn = 0
    while not closing.is_set():
        yield turn
        turn += 1


async def _changes_twice_by_mistake(hall: Hall, wish: Wish, turn: int) -> None:
    """Change the limits, and then send a word more under the same key."""
    key = strong_key()
    if (await hall.asked(wish, at=turn, key=key)).succeeded:
        another = replace(wish, json=wish.json | {"metadata": {"turn": "another"}})
        await hall.mistaken(another, key, at=turn + 1)


async def _done(hall: Hall, verb: str, queue_id: str, body: dict[str, Any], effects: tuple[Effect, ...]) -> Call:
    path = f"{ADMIN}/queues/{queue_id}/{verb}"
    return await hall.asked(Wish(verb, "POST", path, UUID(queue_id), body, effects))


async def _goes_on(hall: Hall, queue_id: str) -> None:
    """Return when the pause has ended by itself."""

    async def goes_on() -> bool:
        looked = await hall.calling.insist("GET", f"{ADMIN}/queues/{queue_id}", None, hall.server.headers)
        return not looked.body["paused"]

    await eventually(goes_on, GOES_ON_WITHIN)


Duty = Callable[[Hall, asyncio.Event], Coroutine[Any, Any, None]]
DUTIES: tuple[Duty, ...] = (pauses, changes_limits, keeps_keys, launches)
"""What organizers do until the end, each beside the others."""
