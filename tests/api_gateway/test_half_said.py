"""What a caller leaves unsaid or unread costs the others nothing, and ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import orjson
import pytest
import uvicorn
from uvicorn.server import ServerState

from api_gateway.connection import DOOR, HEAD_LIMIT, PIPELINED, WHOLE_SECONDS, GatewayProtocol
from api_gateway.http.bodies import CONSUMER_LIMIT
from tests.support.caller import until

HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
LARGE = 8 * 1024 * 1024


class Hurried(GatewayProtocol):
    """The protocol as it is, with less time than a caller in a test has."""

    patience = 0.2
    hearing = 0.2


class Listener:
    """An application that says what it was told: its headers, and the length of its body; or much, where it is asked for much."""

    def __init__(self) -> None:
        self.asked, self.read = 0, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        self.asked += 1
        length, more = 0, scope["method"] == "POST"
        while more:
            message = await receive()
            length, more = length + len(message.get("body", b"")), message.get("more_body", False)
            self.read = length
            if message["type"] == "http.disconnect":
                return
        names = [name.decode() for name, _ in scope["headers"]]
        body = b"x" * LARGE if scope["path"] == "/much" else orjson.dumps({"names": names, "length": length})
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


class Wire:
    """Where the protocols of one test are served, and which are there."""

    def __init__(self, kind: type[GatewayProtocol], keep_alive: int) -> None:
        self.kind, self.state, self.application = kind, ServerState(), Listener()
        self.config = uvicorn.Config(
            self.application, http=kind, lifespan="off", log_config=None, timeout_keep_alive=keep_alive
        )
        self.config.load()
        self.port, self.opened = 0, list[asyncio.StreamWriter]()

    async def calls(self, said: bytes = b"", limit: int = 2**16) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which this was said."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=limit)
        writer.write(said)
        self.opened.append(writer)
        return reader, writer

    def paused(self) -> bool:
        """Whether somebody does not read what was said."""
        return any(one.flow.write_paused for one in self.state.connections if isinstance(one, GatewayProtocol))

    def end(self) -> None:
        """Nobody is there any more."""
        for writer in self.opened:
            writer.transport.abort()
        for protocol in list(self.state.connections):
            protocol.transport.abort()


Serves = Callable[..., Coroutine[Any, Any, Wire]]


@pytest.fixture
async def serves() -> AsyncIterator[Serves]:
    """Serves with a protocol, until the end of the test."""
    servers: list[tuple[asyncio.Server, Wire]] = []

    async def serves(kind: type[GatewayProtocol] = GatewayProtocol, keep_alive: int = 75) -> Wire:
        wire = Wire(kind, keep_alive)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(wire.config, wire.state, {DOOR: lambda _: None}), "127.0.0.1", 0)
        wire.port = server.sockets[0].getsockname()[1]
        servers.append((server, wire))
        return wire

    yield serves
    for server, wire in servers:
        server.close()
        wire.end()
        await until(lambda wire=wire: not wire.state.connections)
        await server.wait_closed()


async def heard(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    """The next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return int(head[0].split()[1]), headers, orjson.loads(await reader.readexactly(int(headers["content-length"])))


async def test_a_trailer_is_no_header(serves: Serves) -> None:
    wire = await serves()
    reader, writer = await wire.calls(CHUNKED + b"X-Publishable-Key: forged\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")
    _, _, told = await heard(reader)
    assert told == {"names": ["host", "transfer-encoding"], "length": 2}
    writer.write(HEAD + b"X-Publishable-Key: mine\r\nContent-Length: 0\r\n\r\n")
    assert (await heard(reader))[2]["names"] == ["host", "x-publishable-key", "content-length"]


@pytest.mark.parametrize(
    "begins", [CHUNKED, CHUNKED + b"a: ", CHUNKED[:-3] + b"1;a="], ids=["many", "long", "extension"]
)
async def test_what_is_no_body_is_bounded_after_the_head_too(serves: Serves, begins: bytes) -> None:
    wire = await serves()
    reader, writer = await wire.calls(begins)
    piece = b"a:\r\n" * 4_096 if begins is CHUNKED else b"a" * 16_384
    with contextlib.suppress(ConnectionError):
        for _ in range(200):
            writer.write(piece)
            await writer.drain()
            if not wire.state.connections:
                break
    await until(lambda: not wire.state.connections)
    with contextlib.suppress(ConnectionError):
        assert (await reader.read(100)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "said", [b"P", HEAD, HEAD + b"Content-Length: 9\r\n\r\n", HEAD + b"Content-Length: 9\r\n\r\n1", CHUNKED]
)
async def test_a_request_that_does_not_come_is_refused_and_begun_by_nobody(serves: Serves, said: bytes) -> None:
    wire = await serves(Hurried)
    reader, _ = await wire.calls(said)
    status, headers, told = await heard(reader)
    assert (status, headers["content-type"], headers["connection"]) == (408, "application/problem+json", "close")
    assert told == {"type": "about:blank", "title": "Request Timeout", "status": 408}
    assert await reader.read() == b""
    assert wire.application.asked == 0


async def test_whoever_leaves_in_the_middle_has_asked_for_nothing(serves: Serves) -> None:
    wire = await serves()
    _, writer = await wire.calls(HEAD + b"Content-Length: 9\r\n\r\n1")
    await until(partial(_has_read, wire, 1))
    writer.close()
    await until(lambda: not wire.state.connections)
    assert wire.application.asked == 0


async def test_a_large_body_that_stops_in_the_middle_is_refused(serves: Serves) -> None:
    wire = await serves(Hurried)
    reader, _ = await wire.calls(HEAD + b"Content-Length: 900000\r\n\r\n" + b"x" * 100_000)
    assert (await heard(reader))[0] == 408
    assert await reader.read() == b""
    assert wire.application.asked == 1


@pytest.mark.parametrize("said", [b"", b"\r\n"])
async def test_whoever_says_nothing_is_left_without_a_word(serves: Serves, said: bytes) -> None:
    wire = await serves(Hurried)
    reader, _ = await wire.calls(said)
    assert await reader.read() == b""
    assert wire.application.asked == 0


async def test_whoever_says_nothing_more_is_left_after_a_while(serves: Serves) -> None:
    wire = await serves(Hurried, keep_alive=1)
    reader, writer = await wire.calls(HEAD + b"Content-Length: 0\r\n\r\n")
    await heard(reader)
    writer.write(b"\r\n")
    assert await reader.read() == b""


async def test_whoever_waits_for_an_answer_is_not_late(serves: Serves) -> None:
    """The time is for what callers say. The application takes longer than they may."""
    wire = await serves(Hurried)
    inner, gate = wire.application, asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await gate.wait()
        await inner(scope, receive, send)

    wire.config.loaded_app = slow
    reader, writer = await wire.calls(HEAD + b"Content-Length: 0\r\n\r\n")
    await until(lambda: bool(wire.state.connections))
    asyncio.get_running_loop().call_later(2 * Hurried.patience, gate.set)
    assert (await heard(reader))[0] == 200
    writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
    assert (await heard(reader))[0] == 200


async def test_whoever_says_little_at_a_time_is_served(serves: Serves) -> None:
    """A phone on a bad line: each piece is read before the next is sent."""
    wire = await serves()
    reader, writer = await wire.calls(HEAD + b"Content-Length: 1000\r\n\r\n")
    for number in range(1, 11):
        writer.write(b"x" * 100)
        if number < 10:
            await until(partial(_has_read, wire, number * 100))
            assert wire.application.asked == 0
    assert (await heard(reader))[2]["length"] == 1_000
    assert WHOLE_SECONDS >= CONSUMER_LIMIT / 4_000


def _has_read(wire: Wire, length: int) -> bool:
    there = [
        one.cycle for one in wire.state.connections if isinstance(one, GatewayProtocol) and getattr(one, "cycle", None)
    ]
    return [len(one.body) for one in there] == [length]


async def test_whoever_waits_to_be_asked_for_the_body_is_asked(serves: Serves) -> None:
    wire = await serves()
    reader, writer = await wire.calls(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert wire.application.asked == 0
    writer.write(b"{}")
    assert (await heard(reader))[::2] == (200, {"names": ["host", "expect", "content-length"], "length": 2})


@pytest.mark.parametrize("length", [b"Content-Length: %d" % (HEAD_LIMIT + 1), b"Transfer-Encoding: chunked"])
async def test_a_large_body_is_read_by_whoever_bounds_it(serves: Serves, length: bytes) -> None:
    wire = await serves()
    sent = b"" if b"Content" in length else b"%x\r\n" % (2 * HEAD_LIMIT) + b"x" * (HEAD_LIMIT + 1)
    await wire.calls(HEAD + length + b"\r\n\r\n" + sent)
    await until(lambda: wire.application.asked == 1)


async def test_a_long_body_in_pieces_does_not_count_as_head(serves: Serves) -> None:
    wire = await serves()
    reader, writer = await wire.calls(HEAD + b"Content-Length: %d\r\n\r\n" % (4 * HEAD_LIMIT))
    for number in range(1, 5):
        writer.write(b"x" * HEAD_LIMIT)
        await until(partial(_is_told, wire.application, number * HEAD_LIMIT))
    assert (await heard(reader))[2]["length"] == 4 * HEAD_LIMIT


def _is_told(application: Listener, length: int) -> bool:
    return application.read == length


async def test_who_wait_behind_an_answer_are_few(serves: Serves) -> None:
    wire = await serves()
    reader, _ = await wire.calls((HEAD + b"Content-Length: 2\r\n\r\n{}") * 5_000)
    told = [await heard(reader) for _ in range(PIPELINED + 1)]
    assert {status for status, _, _ in told} == {200}
    assert [headers.get("connection") for _, headers, _ in told] == [None] * PIPELINED + ["close"]
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    assert wire.application.asked == PIPELINED + 1


async def test_whoever_does_not_read_is_let_go_and_begins_nothing_more(serves: Serves) -> None:
    wire = await serves(Hurried)
    await wire.calls(b"GET /much HTTP/1.1\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n", limit=1)
    await until(lambda: wire.application.asked > 0)
    await until(lambda: not wire.state.connections)
    assert wire.application.asked == 1


async def test_whoever_reads_late_is_answered_on(serves: Serves) -> None:
    wire = await serves()
    reader, _ = await wire.calls(b"GET /much HTTP/1.1\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n", limit=1)
    await until(wire.paused)
    assert wire.application.asked == 1
    said = await reader.readexactly(LARGE)
    assert said.startswith(b"HTTP/1.1 200 ")
    await until(lambda: wire.application.asked == 2)


async def test_a_closed_connection_does_not_wait_for_ever_to_be_read(
    serves: Serves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_gateway.corked.LINGER_SECONDS", 0.2)
    wire = await serves()
    await wire.calls(b"GET /much HTTP/1.1\r\nConnection: close\r\n\r\n", limit=1)
    await until(lambda: wire.application.asked > 0)
    await until(lambda: not wire.state.connections)


async def test_no_refusal_stands_where_another_answer_is_due(serves: Serves) -> None:
    wire = await serves(Hurried)
    reader, _ = await wire.calls(HEAD + b"Content-Length: 0\r\n\r\n" + b"nonsense\r\n\r\n")
    assert await reader.read() == b""
