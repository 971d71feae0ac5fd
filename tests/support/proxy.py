"""A line to a server that can break: a TCP proxy that cuts a connection before an ask or an answer gets through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65_536


def never(passing: bytes) -> bool:
    """Nothing is lost."""
    return False


class Proxy:
    """Passes bytes on, both ways, to whatever server `url` names by then.

    `loses(answer)` is asked of every answer and `misses(ask)` of every ask: True cuts the connection before it gets through.
    `delay` is how many seconds each takes on its way. While it is `frozen`, nothing passes and nothing is cut.
    """

    def __init__(self, url: str, loses: Callable[[bytes], bool] = never) -> None:
        self.cuts = 0
        self.loses: Callable[[bytes], bool] = loses
        self.misses: Callable[[bytes], bool] = never
        self.delay = 0.0
        self.server_url = url
        self._port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._lines: set[asyncio.Task[None]] = set()

    @property
    def frozen(self) -> bool:
        """Whether nothing passes now."""
        return not self._flows.is_set()

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        (self._flows.clear if frozen else self._flows.set)()

    def url(self, url: str) -> str:
        """A URL of the same server, by way of this proxy."""
        parts = urlsplit(url)
        credentials = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{self._port}"))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        """Listen on a port of its own for the length of a block."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for line in self._lines:
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.ensure_future(self._pass_on(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        with suppress(asyncio.CancelledError):
            await line

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = urlsplit(self.server_url)
            answers, asks = await asyncio.open_connection(server.hostname, server.port)
        except OSError:
            writer.transport.abort()
            return
        ways = [
            asyncio.ensure_future(self._one_way(reader, asks, self._is_missed)),
            asyncio.ensure_future(self._one_way(answers, writer, self._is_lost)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            asks.transport.abort()
            writer.transport.abort()

    def _is_missed(self, ask: bytes) -> bool:
        return self.misses(ask)

    def _is_lost(self, answer: bytes) -> bool:
        return self.loses(answer)

    async def _one_way(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, lost: Callable[[bytes], bool]
    ) -> None:
        while data := await source.read(CHUNK):
            if lost(data):
                self.cuts += 1
                return
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._flows.wait()
            sink.write(data)
            await sink.drain()
