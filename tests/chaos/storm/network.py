"""The lines between the processes and their servers: each group of processes reaches each server by a line that can break."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import product
from types import TracebackType
from typing import Self

from tests.support.proxy import Proxy

GROUPS = ("gateways", "workers", "schedulers")
SERVERS = ("postgres", "redis")
MAIL = ("workers", "smtp")
Change = Callable[[Proxy], None]


class Network:
    """Six lines and that of the mail, served by a thread of their own for the length of a block."""

    def __init__(self) -> None:
        self.lines = {way: Proxy("") for way in (*product(GROUPS, SERVERS), MAIL)}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._open = AsyncExitStack()

    def url(self, group: str, server: str, url: str) -> str:
        """A server's URL as a process of this group is to dial it."""
        line = self.lines[group, server]
        line.server_url = url
        return line.url(url)

    def change(self, group: str, server: str, change: Change) -> None:
        """Do something to one line, where it is served."""
        self._loop.call_soon_threadsafe(change, self.lines[group, server])

    @property
    def cuts(self) -> int:
        """How many connections were cut."""
        return sum(line.cuts for line in self.lines.values())

    @property
    def mail_cuts(self) -> int:
        """How many of them were to the mail server."""
        return self.lines[MAIL].cuts

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._open.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _listen(self) -> None:
        for line in self.lines.values():
            await self._open.enter_async_context(line.listening())

    def _run(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type] # always a coroutine
