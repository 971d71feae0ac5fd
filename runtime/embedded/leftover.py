"""Servers that an earlier run left behind, found and ended before a new one touches their data."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runtime.embedded.errors import EmbeddedServerError

_PATIENCE = 20.0
_SERVERS = ("postgres", "redis-server", "valkey-server")


def end_leftover(pid_file: Path, signals: tuple[signal.Signals, ...]) -> None:
    """End the server that wrote `pid_file` if it still works in that folder, and wait for all its processes.

    To be called by the owner of the folder's claim, because then nobody waits for that server any more. A pid file
    whose number went to a stranger is removed, because Postgres would take the stranger for itself.
    """
    pid = _written_pid(pid_file)
    if pid is not None and _exists(pid) and pid not in _working_in(pid_file):
        pid_file.unlink(missing_ok=True)
    for number in signals:
        if pid is not None and pid in _working_in(pid_file):
            os.kill(pid, number)
        if _gone_soon(pid_file):
            return
    left = ", ".join(map(str, sorted(_working_in(pid_file))))
    message = f"an earlier server still works in {pid_file.parent}; end it with `kill -9 {left}` and start again"
    raise EmbeddedServerError(message)


def _gone_soon(pid_file: Path) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while _working_in(pid_file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _working_in(pid_file: Path) -> set[int]:
    """The servers whose working folder is that of `pid_file`, as it is of Postgres and Redis and all their children."""
    if sys.platform.startswith("linux"):
        processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
        return {int(process.name) for process in processes if _is_server_in(process, pid_file.parent)}
    pid = _written_pid(pid_file)
    return {pid} if pid is not None and _command_of(pid).endswith(_SERVERS) else set()


def _is_server_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder.resolve() and (process / "comm").read_text().strip() in _SERVERS
    except OSError:  # somebody else's, or gone since
        return False


def _command_of(pid: int) -> str:
    listing = ["/bin/ps", "-o", "comm=", "-p", str(pid)]
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - a fixed program and a number


def _written_pid(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text().split(maxsplit=1)[0]
    except (FileNotFoundError, IndexError):
        return None
    return int(first) if first.isdecimal() else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
