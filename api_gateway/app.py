"""The gateway as one ASGI application: hot routes first, everything else by the framework."""

from __future__ import annotations

import gc
from contextlib import AsyncExitStack

from api_gateway.connection import DOOR
from api_gateway.drawing import Drawing
from api_gateway.hot import DRAWS, QUEUES, Hot
from api_gateway.http.asgi import Asgi, Receive, Scope, Send
from api_gateway.http.front import Front
from api_gateway.limits.in_hand import LoadShedder
from api_gateway.live.launches import Launches
from api_gateway.live.looks import Looks
from api_gateway.live.stream import Streams
from api_gateway.looking import Looking
from api_gateway.process import Parts, opened
from api_gateway.queueing import Queueing
from api_gateway.site import site
from runtime.settings import Settings, settings


def app() -> Asgi:
    """The application of this process's settings: for uvicorn's factory."""
    return Application(settings())


class Application:
    """Opens the gateway when the server starts and closes it when the server stops."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._stack = AsyncExitStack()
        self._serve: Asgi | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._serve is not None:
            await self._serve(scope, receive, send)

    async def start(self) -> LoadShedder:
        """Open the gateway; returns who may come in."""
        parts = await self._stack.enter_async_context(opened(self._settings))
        self._serve, door = assembled(parts)
        return door

    async def stop(self) -> None:
        """Close it."""
        await self._stack.aclose()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            door = await self.start()
            scope["state"][DOOR] = door.admit
            gc.freeze()  # because what a gateway begins with stays to the end, and need not be looked at again
        except Exception as failure:
            await send({"type": "lifespan.startup.failed", "message": f"{type(failure).__name__}: {failure}"})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def assembled(parts: Parts) -> tuple[Asgi, LoadShedder]:
    """All routes over an open gateway, and who may come in."""
    gateway = parts.gateway
    streams = Streams(gateway.clock)
    queueing = Queueing(gateway, parts.lines, parts.tickets, streams)
    drawing = Drawing(gateway, parts.urns, parts.tickets, streams)
    parts.signers.whenever_withdrawn(
        gateway.guard.tokens.forget, queueing.glances.forget, parts.lines.forget, parts.urns.forget
    )
    looks = Looks(parts.lines, parts.urns, parts.tickets, Launches(gateway.clock), queueing.standing, drawing.standing)
    hot = Hot(gateway, queueing, QUEUES, Hot(gateway, drawing, DRAWS, site(gateway, looks)))
    front = Front(hot, gateway.guard, gateway.settings.domain)
    chosen = gateway.settings
    door = LoadShedder(
        gateway.guard.keys,
        gateway.clock,
        chosen.writes_in_hand,
        chosen.issuer,
        front.readable,
        parts.undecided.is_full,
    )
    return Looking(queueing.glances, chosen.domain, front), door
