"""The waiting room as a person's browser uses it: the Consumer API with a publishable key and a consumer token."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from yarl import URL

from cli.crowd.door import LOST, Answer, Call, Door, call
from cli.crowd.plan import Address
from cli.crowd.tally import NO_ANSWER

COMMAND = frozenset({200, 202})
ENTER = frozenset({200, 202, 423})
STATES = frozenset({"state", "position"})
"""Events of a stream that tell where one stands."""

QUIET = 40.0
"""Seconds without a byte after which a stream is taken for dead: its comments come every 15 s."""


class WaitingRoom:
    """One queue, seen from outside. `token` is a consumer access token throughout."""

    def __init__(self, door: Door, address: Address, publishable_key: str, queue_id: str) -> None:
        self.door = door
        self.queue_id = queue_id
        self.base = address.consumer
        self.queue_url = f"{address.consumer}/queues/{queue_id}"
        self.anonymous = {
            **address.consumer_headers,
            "X-Publishable-Key": publishable_key,
            "Content-Type": "application/json",
        }
        self._status_url = URL(f"{self.queue_url}/status", encoded=True)
        self._events_url = URL(f"{self.queue_url}/events", encoded=True)

    def known(self, token: str) -> dict[str, str]:
        """Headers of a person with a token."""
        return {**self.anonymous, "Authorization": f"Bearer {token}"}

    async def guest_session(self) -> Answer:
        """A token set, without entering anything yet."""
        return await self.door.insist(
            call("session", "POST", f"{self.base}/auth/guest", self.anonymous, body={}, expected=frozenset({201}))
        )

    def enter_call(self, token: str, key: str) -> Call:
        """Entering: with a token, or with none and a key of one's own, which makes the guest in the same command."""
        headers = self.known(token) if token else {**self.anonymous, "Idempotency-Key": key}
        return call("enter", "POST", f"{self.queue_url}/enter", headers, body={}, expected=ENTER)

    async def look(self, token: str) -> Answer:
        """The present state of the token's participation."""
        return await self.door.insist(Call("poll", "GET", self._status_url, self.known(token)))

    async def leave(self, token: str) -> Answer:
        """Giving up the place, or the grant."""
        return await self.door.insist(
            call("leave", "POST", f"{self.queue_url}/leave", self.known(token), body={}, expected=COMMAND)
        )

    async def listen(self, token: str, state: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """States as the event stream tells them, `state` being the one known before; ends when the stream does."""
        sent = Call("listen", "GET", self._events_url, {**self.known(token), "Accept": "text/event-stream"})
        began, timeout = self.door.now(), aiohttp.ClientTimeout(total=None, sock_read=QUIET)
        try:
            async with self.door.session.get(sent.url, headers=sent.headers, timeout=timeout) as response:
                if self.door.judge(sent, Answer(response.status, retry_after=0.0), began).status != HTTPStatus.OK:
                    return
                async for event, told in _events(response):
                    if event in STATES:
                        state = {**state, **told} if event == "position" else told
                        yield state
        except LOST:
            self.door.tally.exchange("listen", NO_ANSWER, 0.0)


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """(event, data) pairs of a text/event-stream, as the HTML standard parses it; data that is no object is skipped."""
    event, lines = "message", list[bytes]()
    async for raw in response.content:
        line = raw.rstrip(b"\r\n")
        if not line:
            told = _told(lines)
            if told is not None:
                yield event, told
            event, lines = "message", []
        elif line.startswith(b"event:"):
            event = line[6:].strip().decode(errors="replace")
        elif line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))


def _told(lines: list[bytes]) -> dict[str, Any] | None:
    try:
        told = orjson.loads(b"\n".join(lines)) if lines else None
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None
