"""The gateway's end of a connection: what a caller may say, and leave unsaid or unread, before it costs anybody a place.

uvicorn bounds neither what a request says beside its body, nor how long it may take to say it, nor how many requests may wait
behind an answer that nobody reads. Each bound here is for one connection, so that a gateway is bounded by its connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from uvicorn import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from api_gateway.corked import Corked
from api_gateway.limits.in_hand import Place, Refusal

HEAD_LIMIT: Final = 64 * 1024
"""So many bytes may come without any of a body: a head, trailers, or the extensions of chunks (RFC 9112, section 7.1)."""
WHOLE_SECONDS: Final = 30.0
"""So long after its first byte a request is whole, the first one so long after the connection was made. A phone
on a bad line may say 64 KB, the most a person may, at 2.2 KB/s; a server's megabyte needs 35 KB/s."""
READ_SECONDS: Final = 30.0
"""In so long a caller takes some of the answer that waits for it. Without a bound, whoever reads nothing stays for ever."""
PIPELINED: Final = 16
"""So many requests may wait behind one that is not answered yet. A read of 256 KB holds ten thousand, at 2 KB of memory each."""
DOOR: Final = "door"
"""Where an application puts, in the state of its lifespan, who may come in (ASGI lifespan specification 2.0, scope "state")."""
Admit = Callable[[Any], Place | Refusal | None]


class TooManyError(Exception):
    """More requests than may wait came by one connection: what follows is not read."""


def _refusal(status: HTTPStatus) -> bytes:
    body = b'{"type":"about:blank","title":"%b","status":%d}' % (status.phrase.encode(), status)
    head = (
        b"HTTP/1.1 %d %b\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n\r\n"
    )
    return head % (status, status.phrase.encode(), len(body)) + body


_MALFORMED: Final = _refusal(HTTPStatus.BAD_REQUEST)
_TOO_LATE: Final = _refusal(HTTPStatus.REQUEST_TIMEOUT)
_TOO_LARGE: Final = _refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


class _Dropped(list[tuple[bytes, bytes]]):
    """Takes the trailers of a body, and keeps none: a field that comes after the head must not pass for one of it.

    A recipient may discard them (RFC 9110, section 6.5.1). uvicorn would append them to the headers.
    """

    def append(self, _: tuple[bytes, bytes]) -> None:
        """Drop it."""


_DROPPED: Final = _Dropped()


class GatewayProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol on a corked transport, within the bounds of this module, give or take one read.

    A request is begun, and takes its place, once it is whole, or more than 64 KB of it came or are announced, and once what was
    said before it is read: who says half a request, or does not listen, holds nobody's place. 431 beyond `HEAD_LIMIT`, 408
    beyond `WHOLE_SECONDS`; the connection is closed after each, and without a word where the caller would take it for
    another answer.
    """

    patience: ClassVar[float] = WHOLE_SECONDS
    hearing: ClassVar[float] = READ_SECONDS

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], **rest: Any) -> None:
        super().__init__(config, server_state, app_state, **rest)
        self._admit: Admit = app_state[DOOR]  # without one nobody is served, because it would be missed by nobody

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        self._unread, self._enough, self._loose = False, False, 0
        self._held: tuple[RequestResponseCycle, Any] | None = None
        self._half: Any = None
        self._due: asyncio.TimerHandle | None = None
        self._unheard: asyncio.TimerHandle | None = None
        self._corked = Corked(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", self._corked))
        self._expect(self.patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, and so is what it had not begun."""
        self._held = None
        _cancel(self._due)
        _cancel(self._unheard)
        self._corked.lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. What is not whole after it is bounded."""
        if self._enough:
            return
        self._loose += len(data)
        super().data_received(data)
        if self._unread:
            self._read_half()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request. What comes after too many is not read."""
        if not self._enough:
            self._leave(_MALFORMED)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._unread, self._loose = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is over. The one that too many wait behind is the last of its connection (RFC 9112, section 9.6)."""
        if len(self.pipeline) == PIPELINED:
            self.cycle.keep_alive, self._enough, self._unread = False, True, False
            raise TooManyError
        super().on_headers_complete()
        self.headers = _DROPPED

    def on_body(self, body: bytes) -> None:
        """Some of its body. Bodies are bounded by whoever reads them."""
        self._loose = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is whole."""
        self._unread = False
        super().on_message_complete()
        if self._held is not None:
            self._begin()

    def pause_writing(self) -> None:
        """Much waits to be read."""
        super().pause_writing()
        self._listen()

    def resume_writing(self) -> None:
        """Most of it is read."""
        _cancel(self._unheard)
        super().resume_writing()
        if self._held is not None:
            self._begin()

    def on_response_complete(self) -> None:
        """It is answered. The timer is looked at when it rings, and not set anew for each request: that would cost more."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if not self._unread:
            self._until = self.loop.time() + self.timeout_keep_alive
        if self._due is None:
            self._due = self.loop.call_later(self.timeout_keep_alive, self._is_due)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Its turn has come. One that waited for it is begun after what was said before it is on the wire."""
        self._held = cycle, app
        if not cycle.more_body:
            self.loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Begin to answer, if all is there and there is room for it; without room say so, and read past the body."""
        if self._held is None or self.flow.write_paused or not _is_enough(self._held[0]):
            return
        (cycle, app), self._held = self._held, None
        place = self._admit(cycle.scope)
        if isinstance(place, Refusal):
            self.loop.call_soon(self._refuse, cycle, place.answer)
            return
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        if place is not None:
            task.add_done_callback(place.give_back)
        self.tasks.add(task)

    def _refuse(self, cycle: RequestResponseCycle, refusal: bytes) -> None:
        """Answer without the application, in a turn of its own, so that whatever came with it waits behind it and is counted."""
        if self.transport.is_closing():
            return
        self.transport.write(refusal)
        cycle.response_started = cycle.response_complete = True
        if cycle.keep_alive:
            self.on_response_complete()
        else:
            self.transport.close()

    def _read_half(self) -> None:
        """A request is not whole: bound what was said of it, and ask for its body where the caller waits to be asked."""
        if self._loose > HEAD_LIMIT:
            self._leave(_TOO_LARGE)
            return
        if self._half is not self.scope:
            self._half = self.scope
            self._expect(self.patience)
        self._begin()
        if self._held is not None and self._held[0].waiting_for_100_continue:
            self._held[0].waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _expect(self, seconds: float) -> None:
        """Within so long something whole must have come."""
        _cancel(self._due)
        self._until = self.loop.time() + seconds
        self._due = self.loop.call_later(seconds, self._is_due)

    def _is_due(self) -> None:
        """Close where nothing whole came in time. Whoever waits for us, or was not listened to, is not late."""
        self._due, cycle = None, self._latest()
        if cycle is not None and not cycle.response_complete and not self._unread:
            return
        left = self.patience if self.flow.read_paused else self._until - self.loop.time()
        if left > 0:
            self._due = self.loop.call_later(left, self._is_due)
        elif self._unread:
            self._leave(_TOO_LATE)
        else:
            self.transport.close()

    def _leave(self, refusal: bytes) -> None:
        """Close, with this for an answer where the caller takes it for the answer to what it says now."""
        if self._may_answer():
            self.transport.write(refusal)
        self._held = None
        self.transport.close()

    def _may_answer(self) -> bool:
        cycle = self._latest()
        if cycle is not None and self._unread and cycle.scope is self.scope:
            return not cycle.response_started and not self.pipeline
        return cycle is None or cycle.response_complete

    def _latest(self) -> RequestResponseCycle | None:
        """The last request whose head is over, if there was any."""
        return self.cycle

    def _listen(self) -> None:
        self._unheard = self.loop.call_later(self.hearing, self._was_heard, self.transport.get_write_buffer_size())

    def _was_heard(self, before: int) -> None:
        """Let go of whoever has read nothing meanwhile."""
        if self.transport.get_write_buffer_size() < before:
            self._listen()
        else:
            self.transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _is_enough(cycle: RequestResponseCycle) -> bool:
    """Whether a request can be begun: it is whole, or larger than is kept of what nobody reads yet."""
    return not cycle.more_body or len(cycle.body) > HIGH_WATER_LIMIT or _announced(cycle) > HIGH_WATER_LIMIT


def _announced(cycle: RequestResponseCycle) -> int:
    return next((int(value) for name, value in cycle.scope["headers"] if name == b"content-length"), 0)
