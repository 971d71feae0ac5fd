"""The draw as an entrant's browser uses it: the Consumer API with a publishable key and a consumer token."""

from __future__ import annotations

from typing import Any

from yarl import URL

from cli.crowd.door import Answer, Call, Door, call
from cli.crowd.draw.whims import Whim
from cli.crowd.room import WaitingRoom

DECIDED = frozenset({200, 202, 409})
"""Done, on its way, or too late: the draw is closed, or drawn."""


class DrawRoom:
    """One draw, seen from outside, through a door of its own; keys and headers are those of the waiting room."""

    def __init__(self, door: Door, beside: WaitingRoom, draw_id: str) -> None:
        self.door, self.draw_id = door, draw_id
        self._beside = beside
        self._url = f"{beside.base}/draws/{draw_id}"
        self._status_url = URL(f"{self._url}/status", encoded=True)

    def enter_call(self, token: str, key: str, whim: Whim) -> Call:
        """Entering: with a token, or with none and a key of one's own, which makes the guest in the same command."""
        headers = self._beside.known(token) if token else {**self._beside.anonymous, "Idempotency-Key": key}
        body: dict[str, Any] = {"tickets": whim.tickets, "people": whim.people}
        body |= {"duplicateKey": whim.household} if whim.household else {}
        return call("draw enter", "POST", f"{self._url}/enter", headers, body=body, expected=DECIDED | {423})

    async def look(self, token: str) -> Answer:
        """The present state of the token's entry."""
        return await self.door.insist(Call("draw poll", "GET", self._status_url, self._beside.known(token)))

    async def leave(self, token: str) -> Answer:
        """Taking part no more, or giving the win back."""
        headers = self._beside.known(token)
        return await self.door.insist(
            call("draw leave", "POST", f"{self._url}/leave", headers, body={}, expected=DECIDED)
        )
