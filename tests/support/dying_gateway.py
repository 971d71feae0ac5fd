"""Gateways that die on purpose: each a process of its own, counted from its first request on."""

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import uvicorn

from api_gateway import app
from api_gateway.app import Application
from api_gateway.connection import GatewayProtocol
from api_gateway.context import Gateway
from api_gateway.http.asgi import Asgi, Receive, Scope, Send
from api_gateway.live.looks import Looks
from api_gateway.server import config
from api_gateway.site import site
from runtime.settings import Settings
from tests.support.crashes import Death, Seams

# Forked from a process without threads, because one that forks in the middle of a rush may leave its locks held.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Dying:
    """A gateway that has not died yet, by its URL."""

    url: str
    process: BaseProcess

    def status(self) -> int | None:
        """How it ended, if it did within a moment."""
        self.process.join(timeout=5)
        return self.process.exitcode


@contextmanager
def dying_gateway(settings: Mapping[str, Any], death: Death) -> Iterator[Dying]:
    """A gateway that is ready and dies at an operation of what it is asked first; gone with the block."""
    here, there = _SERVER.Pipe()
    process = _SERVER.Process(target=_serve, args=(dict(settings), death, there), daemon=True)
    process.start()
    there.close()
    try:
        yield Dying(f"http://127.0.0.1:{here.recv()}", process)
    finally:
        process.kill()
        process.join()
        here.close()


def _serve(settings: dict[str, Any], death: Death, ready: Connection) -> None:
    asyncio.run(_served(settings, Seams(death), ready))


async def _served(settings: dict[str, Any], seams: Seams, ready: Connection) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    app.site = _when_asked_for  # type: ignore[attr-defined] # in the place of those that are made at once
    _count_from_first_request(seams)
    await _Told(config(Application(Settings(**settings))), ready).serve(sockets=[listening])


def _when_asked_for(gateway: Gateway, looks: Looks) -> Asgi:
    """The routes of the framework, made when somebody asks for one: half a second, which most that die can do without."""
    made: list[Asgi] = []

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(site(gateway, looks))
        await made[0](scope, receive, send)

    return serve


class _Told(uvicorn.Server):
    """Says on which port it listens, once it does."""

    def __init__(self, serving: uvicorn.Config, ready: Connection) -> None:
        super().__init__(serving)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        assert sockets
        self._ready.send(sockets[0].getsockname()[1])


def _count_from_first_request(seams: Seams) -> None:
    received = GatewayProtocol.data_received

    def first(protocol: GatewayProtocol, data: bytes) -> None:
        GatewayProtocol.data_received = received  # type: ignore[method-assign] # as it was
        seams.watch_postgres()
        seams.watch_redis()
        seams.watch_gateway()
        received(protocol, data)

    GatewayProtocol.data_received = first  # type: ignore[assignment, method-assign] # the seam
