"""Serves the gateway with uvicorn: `drumroll gateway`."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from api_gateway.connection import GatewayProtocol
from runtime.logging import configure
from runtime.preflight import NOT_STARTED, check, refuse
from runtime.settings import Settings
from store import database, preflight

GRACE_SECONDS = 10
ACCEPTED = 16
"""Connections that are taken in one turn of the event loop."""


def run(settings: Settings) -> None:
    """Serve until a signal; requests in hand are finished first. SystemExit with status 2: not on these servers."""
    configure(settings.log_level)
    check(settings, partial(preflight.of_role, settings.database_url, database.GATEWAY))
    if reasons := preflight.of_replica(settings.database_url, settings.reads_database_url):
        refuse(reasons)
    serve("api_gateway.app:app", settings.host, settings.port, factory=True)


def serve(application: Any, host: str, port: int, *, factory: bool = False) -> None:
    """Serve an application the way gateways are served, until a signal. SystemExit with status 3: it did not start."""
    gc.set_threshold(20_000, 50, 50)
    sys.setswitchinterval(0.0005)
    server = Server(config(application, host, port, factory=factory))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


class Server(uvicorn.Server):
    """uvicorn's server, which takes new connections as fast in a rush as at rest.

    libuv accepts one connection of a listening socket in each turn of the event loop, and a turn is long in a rush: a thousand
    who came at once were waiting for more than a second. So the socket is listened to as often as `ACCEPTED`.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        listening = [one for server in self.servers for one in server.sockets] if self.started else []
        for one in listening * (ACCEPTED - 1):
            self.servers.append(await self._listen_to(one.dup()))

    async def _listen_to(self, listening: socket.socket) -> asyncio.Server:
        protocol = partial(GatewayProtocol, self.config, self.server_state, self.lifespan.state)
        return await asyncio.get_running_loop().create_server(protocol, sock=listening, backlog=self.config.backlog)


def config(application: Any, host: str = "127.0.0.1", port: int = 0, *, factory: bool = False) -> uvicorn.Config:
    """How gateways are served. The application puts into its lifespan's state who may come in (`connection.DOOR`)."""
    return uvicorn.Config(
        application, factory=factory, host=host, port=port, loop="uvloop", http=GatewayProtocol,
        ws="none", lifespan="on", access_log=False, log_config=None, server_header=False, date_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=75, backlog=4096, proxy_headers=False,
    )  # fmt: skip
