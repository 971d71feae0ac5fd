"""An ASGI application served by uvicorn in a process of its own, as fast as uvicorn goes."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_READY_SECONDS = 60.0
_ROOT = Path(__file__).parent.parent

HOST = "127.0.0.1"
PLAIN = ("--no-server-header", "--no-date-header")
"""Without the headers that the gateway does without."""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """The application `module:name`, answering on `port` from entering the context to leaving it.

    The server gets a port number and never an inherited socket, because uvicorn takes those for Unix
    sockets and then leaves Nagle's algorithm on: every small answer would wait 40 ms.
    What the application logs goes to `log`; `options` are more arguments of uvicorn.
    """

    def __init__(
        self,
        application: str,
        *,
        environment: Mapping[str, str],
        log: Path,
        workers: int = 1,
        options: Sequence[str] = (),
    ) -> None:
        self.port, self._options = free_port(), options
        self._application, self._environment = application, environment
        self._log, self._workers = log, workers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the server (of its supervisor, with more than one worker)."""
        return self._running().pid

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, cwd=_ROOT, env=os.environ | dict(self._environment)
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _command(self) -> list[str]:
        arguments = ["--host", HOST, "--port", str(self.port), "--workers", str(self._workers)]
        tuning = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", self._application, *arguments, *tuning, *self._options]

    def _stop(self) -> None:
        process = self._running()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self._application} was not started")
        return self._process

    def _wait_until_ready(self) -> None:
        process = self._running()
        give_up = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{self._application} did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=1)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()


class ServedByGateway(Served):
    """The application of a module that serves itself the way gateways are served: `python -m MODULE PORT`."""

    def _command(self) -> list[str]:
        return [sys.executable, "-m", self._application, str(self.port)]
