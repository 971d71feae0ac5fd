"""A process of ours: in a session of its own, tied to this process, with all it says in a log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from runtime.embedded import launch

PROJECT = Path(__file__).resolve().parents[2]
TAIL_LINES = 15
_TAIL_BYTES = 16_384
_LOG_LIMIT = 50_000_000

# The kernel's parent-death signal follows the *thread* that forked, so all are forked by one that lives as long as we.
_nursery = ThreadPoolExecutor(max_workers=1, thread_name_prefix="processes")


class Child:
    """One process at a time under one name. SIGTERM goes to it alone, the other signals to all that it has started."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        cores: Collection[int] = (),
    ) -> None:
        """Start nothing yet. It keeps to these cores; none named: any."""
        self.name, self.log = name, log
        self._command, self._environment = list(command), dict(environment)
        self._cores = ",".join(map(str, cores))
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    @property
    def pid(self) -> int | None:
        """The process id; None when it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def status(self) -> int | None:
        """How the last process ended: its exit status, or minus the signal that ended it; None before that."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it. What an earlier one under this name has left running is ended first."""
        self.end_rest()
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        self._process = _nursery.submit(self._fork).result()

    def terminate(self) -> None:
        """Ask it to finish what it has in hand and go; one that was stopped has to go on for that."""
        if self._process is not None and self._process.poll() is None:
            self.send(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it has started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def gone_within(self, seconds: float) -> bool:
        """Whether it ends in this time."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end_rest(self) -> None:
        """End whatever is left of it, now."""
        if self._process is not None:
            self.send(signal.SIGKILL)
            self._process.wait()

    def said(self, words: str) -> bool:
        """Whether its log holds these words since it was started."""
        if not self.log.exists():
            return False
        with self.log.open("rb") as log:
            log.seek(self._began_at)
            return words.encode() in log.read()

    def last_words(self) -> list[str]:
        """The last lines it has said since it was started."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(max(self._began_at, self.log.stat().st_size - _TAIL_BYTES))
            return log.read().decode(errors="replace").splitlines()[-TAIL_LINES:]

    def _fork(self) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old"))
            self._began_at = 0
        ties = (os.getpid(), os.geteuid(), os.getegid(), int(signal.SIGTERM), self._cores)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        with os.fdopen(os.open(self.log, flags, 0o600), "ab") as log:
            return subprocess.Popen(  # noqa: S603 (the project's own programs)
                [sys.executable, "-I", "-S", str(launch.__file__), *map(str, ties), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                env=self._environment,
                start_new_session=True,  # because Ctrl-C is for us: the processes are ended in their order
            )
