"""A mail server on loopback that answers as it was told."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

DROP = "drop after the message"
FINE = "250 OK"
TAKEN = "250 Taken"


@dataclass
class Receiver:
    """Answers each message with the next of `answers`, then with TAKEN. `taken` are the messages it read to the end."""

    port: int = 0
    answers: deque[str] = field(default_factory=deque)
    refuses: str | None = None
    taken: list[tuple[list[str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def copies(self) -> list[bytes]:
        """What it read, message by message."""
        return [raw for _, raw in self.taken]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802 (as aiosmtpd calls it)
        """A recipient is named."""
        if self.refuses is not None:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return FINE

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (as aiosmtpd calls it)
        """A message has come, up to its final dot."""
        assert envelope.original_content is not None
        self.taken.append((list(envelope.rcpt_tos), envelope.original_content))
        answer = self.answers.popleft() if self.answers else TAKEN
        if answer == DROP:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer if answer != DROP else TAKEN


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, listening on a port of its own."""
    receiver, loop, up = Receiver(), asyncio.new_event_loop(), threading.Event()

    async def listen() -> asyncio.Server:
        return await loop.create_server(lambda: SMTP(receiver, hostname="receiver.test", loop=loop), "127.0.0.1", 0)

    server = loop.run_until_complete(listen())
    receiver.port = server.sockets[0].getsockname()[1]
    loop.call_soon(up.set)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    up.wait(5)
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
