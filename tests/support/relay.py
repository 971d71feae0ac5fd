"""A relay of the beacon on loopback that answers as it was told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["_Asked"], None]


@dataclass
class Relay:
    """Gives each asked path the answer that stands for it in `answers`, or else `otherwise`."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer = field(default_factory=lambda: says(404))
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"


class _Asked(BaseHTTPRequestHandler):
    """One question."""

    relay: Relay

    def do_GET(self) -> None:
        """A path is asked for."""
        self.relay.asked.append(self.path)
        self.relay.answers.get(self.path, self.relay.otherwise)(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (as the standard library calls it)
        """Nothing is logged."""


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer of HTTP."""

    def answer(asked: _Asked) -> None:
        asked.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            asked.send_header(name, value)
        asked.end_headers()
        asked.wfile.write(body)

    return answer


def sends(raw: bytes) -> Answer:
    """These bytes, and the end of the connection."""

    def answer(asked: _Asked) -> None:
        asked.wfile.write(raw)
        asked.close_connection = True

    return answer


def hangs(asked: _Asked) -> None:
    """No answer, until the test is over."""
    asked.relay.over.wait(60)


def dribbles(asked: _Asked) -> None:
    """A byte of the body now and then, until the test is over."""
    asked.send_response(200)
    asked.end_headers()
    while not asked.relay.over.wait(0.02):
        asked.wfile.write(b" ")
        asked.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may leave before the answer is out."""


@contextmanager
def relaying(otherwise: Answer | None = None, **answers: Answer) -> Iterator[Relay]:
    """A relay, listening on a port of its own."""
    relay = Relay(answers=answers) if otherwise is None else Relay(answers=answers, otherwise=otherwise)
    with _Server(("127.0.0.1", 0), type("Asked", (_Asked,), {"relay": relay})) as server:
        relay.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.over.set()
            server.shutdown()
            thread.join(5)
