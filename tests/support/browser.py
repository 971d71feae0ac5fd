"""A headless Chromium of a test's own, spoken to over a pair of pipes (the DevTools protocol), and gone with the test."""

import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

MISSING = "The page is not tested in a browser here, because chromium is missing: apt-get install chromium"
ANSWER_SECONDS, CHECK_SECONDS = 30.0, 60.0
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip
# The browser reads from 3 and writes to 4; the shell puts the pipes there, whatever their numbers are here.
_SHELL = 'in=$1 out=$2; shift 2; exec "$@" 3</proc/self/fd/$in 4>/proc/self/fd/$out'
Json = Any


def program() -> str | None:
    """Where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One tab. `troubles` are the errors of its pages, and what a policy forbade them."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._read = b""
        self._sent = 0
        self._session: str | None = None
        self.troubles: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Json) -> Json:
        """What a method of the protocol answers."""
        self._sent += 1
        asked = {"id": self._sent, "method": method, "params": parameters}
        if self._session is not None:
            asked["sessionId"] = self._session
        os.write(self._commands, json.dumps(asked).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while (told := self._next(deadline)).get("id") != self._sent:
            self._hear(told)
        assert "error" not in told, told
        return told["result"]

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        assert "errorText" not in self.call("Page.navigate", url=url)
        self.wait_until(lambda: self.evaluate("document.readyState === 'complete' && location.href !== 'about:blank'"))

    def evaluate(self, expression: str) -> Json:
        """The value of an expression in the page; of a promise, what it is kept with."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def choose(self, *files: Path) -> None:
        """Choose files in the page's only field for files."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        field = self.call("DOM.querySelector", nodeId=root, selector="input[type=file]")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=field, files=[str(file) for file in files])

    def wait_until(self, holds: Callable[[], Json], seconds: float = CHECK_SECONDS) -> None:
        """Ask until it holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"it did not come to hold; troubles: {self.troubles}"
            time.sleep(0.02)

    def _next(self, deadline: float) -> Json:
        """The next message of the browser."""
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(self._answers, 1 << 16) if ready else b""
            assert part, "the browser does not answer"
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def _hear(self, told: Json) -> None:
        if told.get("method") == "Runtime.exceptionThrown":
            self.troubles.append(str(told["params"]["exceptionDetails"]))
        elif told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.troubles.append(told["params"]["entry"]["text"])


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser for the length of a block. Skips the test where there is none, and says how to get one."""
    found = program()
    if found is None:
        pytest.skip(MISSING)
    commands_read, commands = os.pipe()
    answers, answers_write = os.pipe()
    with TemporaryDirectory(prefix="drumroll-browser-", ignore_cleanup_errors=True) as profile:
        words = ["sh", "-c", _SHELL, "sh", str(commands_read), str(answers_write), found, *_OPTIONS]
        child = subprocess.Popen(
            [*words, f"--user-data-dir={profile}"],
            pass_fds=(commands_read, answers_write),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_read)
        os.close(answers_write)
        try:
            yield Browser(commands, answers)
        finally:
            os.close(commands)
            os.close(answers)
            os.killpg(child.pid, signal.SIGKILL)  # because its helpers would go on writing into the profile
            child.wait()
