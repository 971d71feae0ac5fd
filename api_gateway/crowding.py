"""How many requests a gateway has in hand: whoever finds no room is told to come again before anything is done for it.

A request that waits holds memory, and makes all who come after it wait. So the number in hand is bounded, and of what is
bounded nobody may take all: each organization may hold as many as there is room left (dynamic thresholds, Choudhury and
Hahne, IEEE/ACM Transactions on Networking 6(2), 1998, with alpha 1). One alone gets half of the room, two a third each, and
whoever asks little always finds some.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Final

from api_gateway.context import Gateway
from api_gateway.hot import Asgi, Receive, Scope, Send
from api_gateway.http.raw import RawRequest, send_bytes
from api_gateway.problems import problem, problem_body, problem_headers
from runtime import metrics

PATIENT: Final = 20_000
"""How many may listen or wait for news of a queue at once: they hold memory, and work for nobody."""
_APIS: Final = ("/consumer/", "/admin/")
_NO_KEY: Final = b""
_SECRET: Final = b"Bearer dr_sk_"
_SPREAD: Final = 3


class Room:
    """Places for requests of many organizations, at most `most` at once."""

    __slots__ = ("_held", "_most", "_total")

    def __init__(self, most: int) -> None:
        self._most, self._total = most, 0
        self._held: Counter[Hashable] = Counter()

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._total

    def take(self, owner: Hashable) -> bool:
        """Take a place; False when the owner holds as many as are left."""
        if self._held[owner] >= self._most - self._total:
            return False
        self._held[owner] += 1
        self._total += 1
        return True

    def give_back(self, owner: Hashable) -> None:
        """Give a place back."""
        self._total -= 1
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]


class Crowding:
    """Passes on what there is room for, and answers all else with 503 and when to come again.

    An organization is known by its key as it was looked up in the last second; all whose key nobody has looked up lately
    share one part of the room, so that keys that are made up get nobody more of it.
    """

    def __init__(self, gateway: Gateway, rest: Asgi, most: int) -> None:
        self._gateway, self._rest = gateway, rest
        self.working, self.patient = Room(most), Room(PATIENT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(_APIS):
            await self._rest(scope, receive, send)
            return
        owner, patient = self._owner(scope), _waits_for_news(scope)
        room = self.patient if patient else self.working
        if not room.take(owner):
            await self._refuse(scope, send)
            return
        try:
            await self._rest(scope, receive, send)
        finally:
            room.give_back(owner)

    def _owner(self, scope: Scope) -> Hashable:
        presented = _key(scope)
        if presented == _NO_KEY:
            return None
        _, key = self._gateway.guard.keys.remembered(presented.decode("latin-1"))
        return None if key is None else key.organization_id

    async def _refuse(self, scope: Scope, send: Send) -> None:
        """Differently late for each, so that those who were refused together come back apart."""
        request = RawRequest(scope, dict(scope["headers"]), self._gateway.clock)
        after = 1 + request.id.int % _SPREAD
        full = problem("OVERLOADED", "More is asked than can be served right now.", retry_after=after)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in problem_headers(full).items()]
        body = problem_body(full, request.id, self._gateway.settings.issuer)
        metrics.turned_away.inc()
        await send_bytes(send, request, full.status, body, headers)


def _key(scope: Scope) -> bytes:
    """The key that a request presents, unread."""
    bearer = _NO_KEY
    for name, value in scope["headers"]:
        if name == b"x-publishable-key":
            return bytes(value)
        if name == b"authorization" and value.startswith(_SECRET):
            bearer = value[7:]
    return bearer


def _waits_for_news(scope: Scope) -> bool:
    """Whether this is no work but waiting: a stream, or a look that waits for something new."""
    if scope["method"] != "GET":
        return False
    return scope["path"].endswith("/events") or b"sinceVersion=" in scope["query_string"]
