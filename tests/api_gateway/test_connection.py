"""An answer leaves in one write, and wholly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn.server import ServerState

from api_gateway.connection import DOOR, HEAD_LIMIT, GatewayProtocol
from api_gateway.corked import Corked
from api_gateway.server import config

BODY = b"x" * 2_000


async def answers(_: Any, __: Any, send: Any) -> None:
    """An application that answers everybody with the same bytes."""
    length = [(b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": BODY})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    serving, state, loop = config(answers), ServerState(), asyncio.get_running_loop()
    serving.load()
    nobody_is_refused = {DOOR: lambda _: None}
    server = await loop.create_server(lambda: GatewayProtocol(serving, state, nobody_is_refused), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.01)


class Pieces(asyncio.Protocol):
    """Gathers what arrives, piece by piece, as the writer's writes come in."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.whole, self.closed = asyncio.Event(), asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """One piece."""
        self.pieces.append(data)
        if b"".join(self.pieces).endswith(BODY):
            self.whole.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self.closed.set()


async def asked(port: int, headers: bytes = b"") -> Pieces:
    loop = asyncio.get_running_loop()
    transport, pieces = await loop.create_connection(Pieces, "127.0.0.1", port)
    transport.write(b"GET / HTTP/1.1\r\nHost: here\r\n" + headers + b"\r\n")
    await pieces.whole.wait()
    transport.close()
    await pieces.closed.wait()
    return pieces


class Recorded(asyncio.Transport):
    """A wire that keeps what was written to it, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """One write."""
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        """It stays open."""
        return False


async def test_what_is_written_in_one_turn_leaves_in_one_write() -> None:
    wire = Recorded()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(b"head ")
    corked.write(b"body")
    assert wire.writes == []
    await asyncio.sleep(0)
    corked.write(b"next")
    await asyncio.sleep(0)
    assert wire.writes == [b"head body", b"next"]


async def test_a_connection_that_is_closed_after_its_answer_gets_the_whole_answer(port: int) -> None:
    pieces = await asked(port, b"Connection: close\r\n")
    await pieces.closed.wait()
    assert b"".join(pieces.pieces).endswith(BODY)


async def test_a_head_without_end_is_refused_and_not_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nX-Long: ")
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            writer.write(b"a" * HEAD_LIMIT)
            await writer.drain()
    with contextlib.suppress(ConnectionError):
        assert (await reader.read(200)).startswith(b"HTTP/1.1 431 ")
    assert reader.at_eof() or reader.exception() is not None
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_long_body_does_not_count_as_head(port: int) -> None:
    for _ in range(2):
        pieces = await asked(port, b"Content-Length: %d\r\n\r\n" % (2 * HEAD_LIMIT) + b"b" * 2 * HEAD_LIMIT)
        assert b"".join(pieces.pieces).startswith(b"HTTP/1.1 200 ")


async def test_many_small_requests_on_one_connection_are_not_a_long_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(HEAD_LIMIT // 1_000 + 10):
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"a" * 1_000 + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(len(BODY))
    writer.close()
    await writer.wait_closed()
