"""Live updates: Server-Sent Events from the same snapshots that polling reads (WHATWG HTML, server-sent events)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import orjson

from api_gateway.auth import Caller
from api_gateway.http.asgi import Receive, Send
from api_gateway.live.line import Line, Standing
from api_gateway.live.snapshot import Snapshot
from api_gateway.live.state import state_json, wait_seconds
from api_gateway.live.urn import Entrant, Urn
from api_gateway.problems import problem
from runtime.clock import Clock

OPEN_SECONDS = 15 * 60.0
COMMENT_SECONDS = 15.0
OPEN_AT_ONCE = 4
RETRY = b"retry: 3000\n\n"
COMMENT = b": still here\n\n"
News = Callable[[], Awaitable[list[bytes]]]
Held_contra = TypeVar("Held_contra", contravariant=True)
Kind_contra = TypeVar("Kind_contra", contravariant=True)


class Tale(Protocol[Kind_contra, Held_contra]):
    """What a stream has told already, and what it tells next."""

    def news(self, one: Kind_contra, standing: Held_contra) -> list[bytes]:
        """The events that are due."""


class Streams:
    """The open streams of a gateway: at most four of one person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: Counter[UUID] = Counter()

    async def serve(
        self, caller: Caller, one: Snapshot[Any], news: News, receive: Receive, send: Send, headers: list[Any]
    ) -> None:
        """Send what happens to one person in one distribution, until the client goes or a quarter of an hour is over."""
        person = caller.consumer_id
        assert person is not None  # noqa: S101 (narrows the type; only consumers come here)
        if self._open[person] >= OPEN_AT_ONCE:
            raise problem("STREAM_LIMIT_REACHED", "At most four streams of one person are open at once.", retry_after=3)
        self._open[person] += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]})
            async for event in self._events(one, news, gone):
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]

    async def _events(self, one: Snapshot[Any], news: News, gone: asyncio.Future[None]) -> AsyncIterator[bytes]:
        yield RETRY
        spoke = self._clock.monotonic()
        until = spoke + OPEN_SECONDS
        while not gone.done() and self._clock.monotonic() < until:
            one.asked_at = now = self._clock.monotonic()
            for due in await news():
                yield due
                spoke = now
            if now - spoke >= COMMENT_SECONDS:
                yield COMMENT
                spoke = now
            await one.next_pull(1.5)


class Course:
    """What a stream has told of how a distribution itself stands."""

    def __init__(self) -> None:
        self._told: tuple[str, bool] | None = None

    def news(self, one: Snapshot[Any], now: datetime) -> list[bytes]:
        """Whether it opened, closed, was paused or goes on since the last time; the first time tells nothing."""
        before, self._told = self._told, (one.lifecycle(now).value, one.paused)
        if before is None or before == self._told:
            return []
        return [event(b"distribution", one.seq, orjson.dumps(one.distribution(now)))]


class QueueTale:
    """What a stream has told of a person in a queue."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._course = clock, Course()
        self._state: tuple[Any, ...] = ()
        self._position: int | None = None

    def news(self, one: Line, standing: Standing) -> list[bytes]:
        """The events that are due: the whole state when it changed, else the position when that moved."""
        now, events = self._clock.now(), list[bytes]()
        away = one.turned_away(now) is not None
        state = (standing.entry_id, standing.version, standing.status, standing.token, one.opened, away)
        position = one.position(standing) if standing.status == "QUEUED" else None
        if state != self._state:
            events.append(event(b"state", one.seq, state_json(one, standing, now)))
        elif position != self._position:
            events.append(event(b"position", one.seq, orjson.dumps(_moved(one, position))))
        self._state, self._position = state, position
        return events + self._course.news(one, now)


class DrawTale:
    """What a stream has told of a person in a draw. `state` makes the state object."""

    def __init__(self, clock: Clock, state: Callable[[Urn, Entrant], bytes]) -> None:
        self._clock, self._course, self._state = clock, Course(), state
        self._seen: tuple[object, object] = (None, None)
        self._facts: dict[str, Any] = {}

    def news(self, one: Urn, standing: Entrant) -> list[bytes]:
        """The events that are due: the whole state when anything of it changed."""
        now, events = self._clock.now(), list[bytes]()
        if self._seen[0] is not standing or self._seen[1] is not one.draw:
            facts = one.facts(standing)
            if facts != self._facts:
                events.append(event(b"state", one.seq, self._state(one, standing)))
            self._seen, self._facts = (standing, one.draw), facts
        return events + self._course.news(one, now)


_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"x-accel-buffering", b"no"),
)


def _moved(line: Line, position: int | None) -> dict[str, Any]:
    shown = position if line.config is None or line.config.position_display_mode == "precise" else None
    return {"position": shown, "estimatedWaitTimeInSeconds": wait_seconds(line, shown), "seq": line.seq}


def event(name: bytes, seq: int, body: bytes) -> bytes:
    """One event of a stream."""
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name, seq, body)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
