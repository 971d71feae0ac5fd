"""How a gateway takes connections that come at once."""

import asyncio
import socket
from contextlib import ExitStack
from typing import Any

import pytest
import uvloop

from api_gateway.connection import DOOR
from api_gateway.server import ACCEPTED, Server, config

AT_ONCE = 8 * ACCEPTED


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Starts, ends, and is asked nothing."""
    if scope["type"] != "lifespan":
        raise AssertionError(scope)
    await receive()
    scope["state"][DOOR] = lambda _: None
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def turns_until_all_are_in() -> int:
    """How often the event loop went round until everybody who had come at once was taken."""
    server = Server(config(app))
    serving = asyncio.create_task(server.serve())
    while not server.started or len(server.servers) < ACCEPTED:  # noqa: ASYNC110 (uvicorn tells it by attributes)
        await asyncio.sleep(0.01)
    address, turns = server.servers[0].sockets[0].getsockname(), 0
    with ExitStack() as connections:
        for _ in range(AT_ONCE):
            connections.enter_context(socket.create_connection(address))
        while len(server.server_state.connections) < AT_ONCE:
            await asyncio.sleep(0)
            turns += 1
    server.should_exit = True
    await serving
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    return turns


def test_whoever_comes_in_a_rush_is_taken_in_a_few_turns_of_the_event_loop() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(turns_until_all_are_in()) <= 2 * AT_ONCE / ACCEPTED
