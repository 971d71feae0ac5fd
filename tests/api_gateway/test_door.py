"""The door of a gateway: who finds no room is refused on the wire, and the connection stays good for what comes next."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from psycopg_pool import AsyncConnectionPool
from uvicorn.server import ServerState

from api_gateway.auth import Keys
from api_gateway.connection import DOOR, GatewayProtocol
from api_gateway.limits.in_hand import LoadShedder
from api_gateway.server import config
from runtime.clock import Clock

OWN_ID = b"019a0000-0000-7000-8000-00000000000a"


class Slow:
    """An application behind a door with room for one stranger, which answers nobody before it may."""

    def __init__(self) -> None:
        clock = Clock()
        keys = Keys(AsyncConnectionPool(open=False), clock)  # nobody here has a key, so that it is never asked
        self.door = LoadShedder(keys, clock, 2, "http://here", lambda _, __: [(b"vary", b"Origin")], lambda _: False)
        self.may, self.came = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["method"] == "POST":
            self.came.set()
            await self.may.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@dataclass
class Caller:
    """A connection, used by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def sends(self, method: bytes, body: bytes = b"", headers: bytes = b"") -> None:
        """One request."""
        head = b"%b / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n%b\r\n" % (method, len(body), headers)
        self.writer.write(head + body)

    async def hears(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers and body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture
async def port(slow: Slow) -> AsyncIterator[int]:

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        await slow(scope, receive, send)

    serving, state, loop = config(wrapped), ServerState(), asyncio.get_running_loop()
    serving.load()
    door = {DOOR: slow.door.admit}
    server = await loop.create_server(lambda: GatewayProtocol(serving, state, door), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)


Calls = Callable[[], Awaitable[Caller]]


@pytest.fixture
async def calls(port: int, slow: Slow) -> AsyncIterator[Calls]:
    """Opens connections, all closed at the end."""
    opened: list[Caller] = []

    async def calls() -> Caller:
        opened.append(Caller(*await asyncio.open_connection("127.0.0.1", port)))
        return opened[-1]

    yield calls
    slow.may.set()
    for caller in opened:
        caller.writer.close()
        await caller.writer.wait_closed()


async def busy(calls: Calls, slow: Slow) -> Caller:
    """Somebody who has the only place."""
    first = await calls()
    first.sends(b"POST", b"{}")
    await slow.came.wait()
    return first


async def test_a_gateway_that_does_not_know_who_may_come_in_serves_nobody() -> None:
    with pytest.raises(KeyError):
        GatewayProtocol(config(Slow()), ServerState(), {})


async def test_whoever_finds_no_room_is_told_when_to_come_again(calls: Calls, slow: Slow) -> None:
    await busy(calls, slow)
    second = await calls()
    second.sends(b"POST", b"{}", b"X-Request-Id: " + OWN_ID + b"\r\nOrigin: https://shop\r\n")
    status, headers, body = await second.hears()
    assert (status, headers["content-type"], headers["vary"]) == (503, "application/problem+json", "origin")
    told = orjson.loads(body)
    assert (told["code"], told["status"], told["type"]) == ("OVERLOADED", 503, "http://here/problems/OVERLOADED")
    assert headers["x-request-id"] == told["requestId"] == OWN_ID.decode()
    assert 1 <= int(headers["retry-after"]) == told["retryAfter"] <= 3
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


async def test_a_connection_is_good_for_more_after_a_refusal_and_its_body(calls: Calls, slow: Slow) -> None:
    first, second = await busy(calls, slow), await calls()
    second.sends(b"POST", b"x" * 200_000)
    second.sends(b"GET")
    assert [(await second.hears())[0] for _ in range(2)] == [503, 200]
    slow.may.set()
    assert (await first.hears())[0] == 200
    second.sends(b"POST", b"{}")
    assert (await second.hears())[0] == 200


async def test_whoever_wants_the_connection_closed_has_it_closed_after_a_refusal(calls: Calls, slow: Slow) -> None:
    await busy(calls, slow)
    second = await calls()
    second.sends(b"POST", b"{}", b"Connection: close\r\n")
    assert (await second.hears())[0] == 503
    assert await second.reader.read() == b""


async def test_many_who_come_by_one_connection_at_once_are_all_answered(calls: Calls, slow: Slow) -> None:
    """Requests that did not wait for each other's answers (RFC 9112, section 9.3.2)."""
    first = await busy(calls, slow)
    for _ in range(700):
        first.sends(b"POST")
    await first.writer.drain()
    slow.door.writes.take("somebody else")
    slow.may.set()
    told = Counter([(await first.hears())[0] for _ in range(701)])
    assert told.keys() == {200, 503}
    assert told[503] > 300


async def test_a_look_needs_no_room(calls: Calls, slow: Slow) -> None:
    await busy(calls, slow)
    second = await calls()
    second.sends(b"GET")
    assert (await second.hears())[0] == 200


async def test_a_place_is_free_again_when_its_request_has_ended(calls: Calls, slow: Slow) -> None:
    first = await busy(calls, slow)
    assert slow.door.writes.taken == 1
    slow.may.set()
    await first.hears()
    first.sends(b"POST", b"{}")
    assert (await first.hears())[0] == 200
    await asyncio.sleep(0)
    assert slow.door.writes.taken == 0
