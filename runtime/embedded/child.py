"""A server process as our child: started under the right user, watched, ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from runtime.embedded.errors import EmbeddedServerError
from runtime.embedded.user import ServerUser

_LAUNCH = Path(__file__).with_name("launch.py")
_LOG_LIMIT = 10_000_000
_TAIL_LINES = 15

# The kernel's parent-death signal follows the *thread* that forked, so all servers are forked by one thread that
# lives as long as the process; otherwise a restart from a pooled thread would die with that thread.
_nursery = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-servers")


class Child:
    """One server process at a time, in `folder`, with its output in `folder/log`."""

    def __init__(
        self, name: str, folder: Path, user: ServerUser, death_signal: signal.Signals, cores: Collection[int]
    ) -> None:
        """Start nothing yet; `death_signal` is what the server gets from the kernel when this process dies.

        It keeps to these cores; none named: any.
        """
        self.name = name
        self.log = folder / "log"
        self._folder = folder
        self._user = user
        self._death_signal = death_signal
        self._cores = ",".join(map(str, cores))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, *command: str | Path) -> None:
        """Start `command` as a new server; a dead predecessor is forgotten."""
        self._process = self._launch(command)

    def run(self, *command: str | Path) -> None:
        """Run `command` to its end, like the server; raises EmbeddedServerError when it fails."""
        self._process = self._launch(command)  # so that `end` ends it as well when the waiting is interrupted
        if self._process.wait() != 0:
            raise self.failure(f"{Path(command[0]).name} failed")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait for `ready()`; False when the server died first, EmbeddedServerError after `seconds`."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid is None:
                return False
            if time.monotonic() > deadline:
                raise self.failure(f"{self.name} was not ready after {seconds:.0f} s")
            time.sleep(0.01)
        return True

    def end(self, steps: Iterable[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn until the server is gone, giving it that many seconds; at last SIGKILL."""
        process = self._process
        if process is None:
            return
        for number, seconds in (*steps, (signal.SIGKILL, 30)):
            if process.poll() is None:
                process.send_signal(number)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            break
        self._process = None

    def note(self, line: str) -> None:
        """Add a line of ours to the server's log."""
        with self._open_log() as log:
            log.write(f"{line}\n".encode())

    def failure(self, what: str) -> EmbeddedServerError:
        """An error that says `what` happened, with the end of the server's log."""
        tail = "\n  ".join(self.log_tail())
        return EmbeddedServerError(f"{what}; the end of {self.log}:\n  {tail}")

    def log_tail(self) -> list[str]:
        """The last lines of the server's log."""
        if not self.log.exists():
            return []
        return self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]

    def _launch(self, command: tuple[str | Path, ...]) -> subprocess.Popen[bytes]:
        return _nursery.submit(self._fork, [str(word) for word in command]).result()

    def _fork(self, command: list[str]) -> subprocess.Popen[bytes]:
        ties = [os.getpid(), self._user.uid, self._user.gid, int(self._death_signal), self._cores]
        with self._open_log() as log:
            return subprocess.Popen(  # noqa: S603 - the program is a wheel's binary or one from PATH, never input
                [sys.executable, "-I", "-S", str(_LAUNCH), *map(str, ties), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,  # because the servers' user may be locked out of ours
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us; the servers are ended after their clients
            )

    def _open_log(self) -> BinaryIO:
        """The log, for us alone, because servers quote statements in it; a long one is begun anew."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old"))
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
