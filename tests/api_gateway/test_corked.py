"""An answer leaves in one write, and wholly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from api_gateway.corked import Corked, CorkedProtocol

BODY = b"x" * 2_000


async def answers(_: Any, __: Any, send: Any) -> None:
    """An application that answers everybody with the same bytes."""
    length = [(b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": BODY})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(answers, http=CorkedProtocol, lifespan="off", log_config=None)
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: CorkedProtocol(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


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
