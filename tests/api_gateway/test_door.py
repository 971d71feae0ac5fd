"""The door of a gateway: who finds no room is refused on the wire, and the connection stays good for what comes next."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import pytest
from psycopg_pool import AsyncConnectionPool
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.server import ServerState

from api_gateway.auth import Keys
from api_gateway.connection import DOOR, PIPELINED, GatewayProtocol
from api_gateway.limits.in_hand import LoadShedder
from api_gateway.server import config
from runtime import metrics
from runtime.clock import Clock
from tests.support.caller import until

OWN_ID = b"019a0000-0000-7000-8000-00000000000a"


class Slow:
    """An application behind a door with room for one stranger, which answers nobody before it may."""

    def __init__(self) -> None:
        clock = Clock()
        keys = Keys(AsyncConnectionPool(open=False), clock)  # nobody here has a key, so that it is never asked
        self.door = LoadShedder(keys, clock, 2, "http://here", lambda _, __: [(b"vary", b"Origin")], lambda _: False)
        self.may, self.came = asyncio.Event(), asyncio.Event()
        self.state = ServerState()

    def queued(self) -> int:
        """How many requests wait behind others of their connections."""
        return sum(len(one.pipeline) for one in self.state.connections if isinstance(one, GatewayProtocol))

    def fills(self) -> int:
        """How many bytes wait for callers who read so little that nothing more is said to them."""
        there = [one for one in self.state.connections if isinstance(one, GatewayProtocol) and one.flow.write_paused]
        return sum(one.transport.get_write_buffer_size() for one in there)

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

    serving, loop = config(wrapped), asyncio.get_running_loop()
    serving.load()
    door = {DOOR: slow.door.admit}
    server = await loop.create_server(lambda: GatewayProtocol(serving, slow.state, door), "127.0.0.1", 0)
    server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)


Calls = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def calls(port: int, slow: Slow) -> AsyncIterator[Calls]:
    """Opens connections, all closed at the end."""
    opened: list[Caller] = []

    async def calls(room: int = 65_536) -> Caller:
        wire = socket.socket()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        wire.setblocking(False)  # noqa: FBT003 (its name says it)
        await asyncio.get_running_loop().sock_connect(wire, ("127.0.0.1", port))
        opened.append(Caller(*await asyncio.open_connection(sock=wire, limit=2_048)))
        return opened[-1]

    yield calls
    slow.may.set()
    for caller in opened:
        caller.writer.close()
        with contextlib.suppress(ConnectionError):
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


async def test_of_many_who_come_by_one_connection_at_once_few_are_answered(calls: Calls, slow: Slow) -> None:
    """Requests that did not wait for each other's answers (RFC 9112, section 9.3.2). The last answer says that it is the last."""
    first = await busy(calls, slow)
    first.writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n" * 700)
    await until(lambda: slow.queued() == PIPELINED)
    slow.door.writes.take("somebody else")
    slow.may.set()
    told = [await first.hears() for _ in range(1 + PIPELINED)]
    assert told[0][0] == 200
    assert {status for status, _, _ in told[1:]} <= {200, 503}
    with contextlib.suppress(ConnectionError):
        assert await first.reader.read() == b""


async def test_whoever_says_half_a_request_has_no_place(calls: Calls, slow: Slow) -> None:
    for said in (b"", b"{", b"{" * (HIGH_WATER_LIMIT - 1)):
        half = await calls()
        half.writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % HIGH_WATER_LIMIT + said)
    first = await busy(calls, slow)
    assert slow.door.writes.taken == 1
    slow.may.set()
    assert (await first.hears())[0] == 200


def refused() -> float:
    return metrics.turned_away.labels("in_hand")._value.get()


def _is_heard(slow: Slow, most: float) -> bool:
    return refused() >= most or slow.fills() > 0


async def test_refusals_that_nobody_reads_are_few(calls: Calls, slow: Slow) -> None:
    """Who does not read is not refused more than fits a buffer: the next refusal waits for the last ones to be read."""
    await busy(calls, slow)
    deaf = await calls(4_096)
    while not slow.fills():
        before = refused()
        for _ in range(PIPELINED):
            deaf.sends(b"POST")
        await until(partial(_is_heard, slow, before + PIPELINED))
    most, before = slow.fills(), refused()
    for _ in range(PIPELINED):
        deaf.sends(b"POST")
    first = await calls()
    first.sends(b"GET")
    assert (await first.hears())[0] == 200
    assert (slow.fills(), refused()) == (most, before)
    assert most < 2 * HIGH_WATER_LIMIT
    for _ in range(PIPELINED):
        assert (await deaf.hears())[0] == 503


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
