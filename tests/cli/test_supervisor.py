"""Who looks after the processes does so whatever is asked meanwhile."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.system import supervisor
from cli.system.child import Child
from cli.system.supervisor import Post, Supervisor
from tests.support.servers import wait_until

UP = "up"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PLAIN = "import time; print('up', flush=True); time.sleep(60)"
LAST_WORK = 60.0


def post(folder: Path, name: str, program: str) -> Post:
    """A process that runs this program."""
    child = Child(name, [sys.executable, "-c", program], dict(os.environ), folder / f"{name}.log")
    return Post(child, lambda: child.said(UP))


def unsaid(mishap: str) -> None:
    """Mishaps are meant here."""


class Mended:
    """How often whoever looks after the processes has looked after the servers."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> list[str]:
        """Look."""
        self.times += 1
        return []


@pytest.fixture
def mended() -> Mended:
    """Servers that are well."""
    return Mended()


@pytest.fixture
def watching(tmp_path: Path, mended: Mended, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """Two processes that are looked after; one does not end when it is asked to."""
    monkeypatch.setattr(supervisor, "LAST_WORK_SECONDS", LAST_WORK)
    posts = {"slow": post(tmp_path, "slow", STUBBORN), "quick": post(tmp_path, "quick", PLAIN)}
    watching = Supervisor(posts, mended, unsaid)
    watching.start(20.0)
    yield watching
    watching.stop([["slow", "quick"]])


def test_while_one_process_takes_its_time_to_go_the_others_and_the_servers_are_looked_after(
    watching: Supervisor, mended: Mended
) -> None:
    going = threading.Thread(target=watching.let_go, args=("slow",))
    going.start()
    wait_until(lambda: not watching.posts["slow"].wanted)
    pid, looked = watching.posts["quick"].child.pid, mended.times
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: watching.posts["quick"].restarts == 1 and mended.times > looked, LAST_WORK / 2)
    assert going.is_alive()
    watching.posts["slow"].child.send(signal.SIGKILL)
    going.join()
    assert watching.posts["slow"].child.pid is None
    assert watching.posts["slow"].restarts == 0
