"""The gateway's end of a connection: answers leave in one write, and the head of a request is bounded.

uvicorn writes them one by one, and uvloop sends each at once: two system calls, and two awakenings of whoever reads.
What it saves is measured in docs/performance.md. Nor does uvicorn bound what a request says before its body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from api_gateway.limits.in_hand import Place, Refusal

HEAD_LIMIT: Final = 64 * 1024
DOOR: Final = "door"
"""Where an application puts, in the state of its lifespan, who may come in (ASGI lifespan specification 2.0, scope "state")."""
Admit = Callable[[Any], Place | Refusal | None]
_REFUSAL: Final = b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431}'
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
)


class Corked:
    """A transport that gathers what is written in one turn of the event loop. All else is that of the transport itself."""

    __slots__ = ("_gathered", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._gathered: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send it at the end of this turn, together with what else is written in it."""
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)

    def close(self) -> None:
        """Send what was gathered, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered and not self._transport.is_closing():
            self._transport.write(b"".join(gathered))

    def __getattr__(self, name: str) -> Any:
        """What only the transport knows."""
        return getattr(self._transport, name)


class GatewayProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol on a corked transport. A head over `HEAD_LIMIT` bytes, give or take one read, is refused: 431."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], **rest: Any) -> None:
        super().__init__(config, server_state, app_state, **rest)
        self._admit: Admit = app_state[DOOR]  # without one nobody is served, because it would be missed by nobody

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        self._in_head, self._head = True, 0
        corked = Corked(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", corked))

    def data_received(self, data: bytes) -> None:
        """Read on. What is still a head after it is counted, because a body may arrive together with its head."""
        self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer, if there is room for it; else say so at once, and read past the body."""
        place = self._admit(cycle.scope)
        if isinstance(place, Refusal):
            self._refuse(cycle, place.answer)
            return
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        if place is not None:
            task.add_done_callback(place.give_back)
        self.tasks.add(task)

    def _refuse(self, cycle: RequestResponseCycle, refusal: bytes) -> None:
        """Answer without the application. Whatever waits behind it is begun in a turn of its own, because it may be much."""
        self.transport.write(refusal)
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        elif self.pipeline:
            self.loop.call_soon(self.on_response_complete)
        else:
            self.on_response_complete()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is over."""
        self._in_head = False
        super().on_headers_complete()
