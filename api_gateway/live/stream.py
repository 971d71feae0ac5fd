"""Live updates: Server-Sent Events from the same snapshots that polling reads (WHATWG HTML, server-sent events)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from api_gateway.auth import Caller
from api_gateway.http.asgi import Receive, Send
from api_gateway.live.line import Line, Standing
from api_gateway.live.state import state_json, wait_seconds
from api_gateway.problems import problem
from domain.times import iso
from runtime.clock import Clock

OPEN_SECONDS = 15 * 60.0
COMMENT_SECONDS = 15.0
OPEN_AT_ONCE = 4
RETRY = b"retry: 3000\n\n"
COMMENT = b": still here\n\n"
Look = Callable[[], Awaitable[Standing]]


class Streams:
    """The open streams of a gateway: at most four of one person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: Counter[UUID] = Counter()

    async def serve(
        self, caller: Caller, line: Line, look: Look, receive: Receive, send: Send, headers: list[Any]
    ) -> None:
        """Send what happens to one person in one queue, until the client goes or a quarter of an hour is over."""
        person = caller.consumer_id
        assert person is not None  # noqa: S101 (narrows the type; only consumers come here)
        if self._open[person] >= OPEN_AT_ONCE:
            raise problem("STREAM_LIMIT_REACHED", "At most four streams of one person are open at once.", retry_after=3)
        self._open[person] += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]})
            async for event in self._events(line, look, gone):
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]

    async def _events(self, line: Line, look: Look, gone: asyncio.Future[None]) -> AsyncIterator[bytes]:
        yield RETRY
        told, spoke = _Told(), self._clock.monotonic()
        until = spoke + OPEN_SECONDS
        while not gone.done() and self._clock.monotonic() < until:
            line.asked_at = now = self._clock.monotonic()
            for event in told.news(line, await look(), self._clock):
                yield event
                spoke = now
            if now - spoke >= COMMENT_SECONDS:
                yield COMMENT
                spoke = now
            await line.next_pull(1.5)


class _Told:
    """What a stream has told already."""

    def __init__(self) -> None:
        self._state: tuple[Any, ...] = ()
        self._position: int | None = None
        self._queue: tuple[Any, ...] = ()

    def news(self, line: Line, standing: Standing, clock: Clock) -> list[bytes]:
        """The events that are due: the whole state when it changed, else the position when that moved."""
        now, events = clock.now(), list[bytes]()
        away = line.turned_away(now) is not None
        state = (standing.entry_id, standing.version, standing.status, standing.token, line.opened, away)
        position = line.position(standing) if standing.status == "QUEUED" else None
        lifecycle = line.lifecycle(now).value
        queue = (lifecycle, line.pause is not None)
        if state != self._state:
            events.append(event(b"state", line.seq, state_json(line, standing, now)))
        elif position != self._position:
            events.append(event(b"position", line.seq, orjson.dumps(_moved(line, position))))
        if self._queue and queue != self._queue:
            events.append(event(b"distribution", line.seq, orjson.dumps(changed(line, lifecycle))))
        self._state, self._position, self._queue = state, position, queue
        return events


_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"x-accel-buffering", b"no"),
)


def _moved(line: Line, position: int | None) -> dict[str, Any]:
    shown = position if line.config is None or line.config.position_display_mode == "precise" else None
    return {"position": shown, "estimatedWaitTimeInSeconds": wait_seconds(line, shown), "seq": line.seq}


def changed(line: Line, lifecycle: str) -> dict[str, Any]:
    """What is told of a queue that opened, closed, was paused or goes on."""
    config = line.config
    times = {"opensAt": iso(config.open_at), "closesAt": iso(config.close_at)} if config else {}
    return {"type": "queue", "id": line.queue_id, "lifecycle": lifecycle, "paused": line.pause is not None} | times


def event(name: bytes, seq: int, body: bytes) -> bytes:
    """One event of a stream."""
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name, seq, body)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
