"""The gateway's end of a wire: an answer leaves in one write, and nobody is waited for at the end.

uvicorn writes head and body one by one, and uvloop sends each at once: two system calls, and two awakenings of whoever
reads. What it saves is measured in docs/performance.md.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

LINGER_SECONDS: Final = 30.0
"""So long a closed connection waits for the other end to read what is left: without a bound, whoever reads nothing keeps it."""


class Corked:
    """A transport that gathers what is written in one turn of the event loop. All else is that of the transport itself."""

    __slots__ = ("_gathered", "_lingers", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._gathered: list[bytes] = []
        self._lingers: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Send it at the end of this turn, together with what else is written in it."""
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)

    def close(self) -> None:
        """Send what was gathered, then close; after `LINGER_SECONDS` even if it was not read."""
        self._flush()
        if self._lingers is None and not self._transport.is_closing():
            self._lingers = self._loop.call_later(LINGER_SECONDS, self._transport.abort)
        self._transport.close()

    def lost(self) -> None:
        """The connection is gone; nothing lingers."""
        if self._lingers is not None:
            self._lingers.cancel()

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered and not self._transport.is_closing():
            self._transport.write(b"".join(gathered))

    def __getattr__(self, name: str) -> Any:
        """What only the transport knows."""
        return getattr(self._transport, name)
