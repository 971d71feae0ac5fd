"""`drumroll up` as it is typed: it says where it is, and Ctrl-C ends it without a trace."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cli.installation import answers
from tests.support.servers import temporary_state, wait_until
from tests.support.traces import at_work

ROOT = Path(__file__).parents[2]
READY = "drumroll crowd"


def lives(process: psutil.Process) -> bool:
    """Whether a process still does something; one that nobody has buried does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Up:
    """A `drumroll up` that was started, with what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.said = process, ""

    def read_until(self, words: str) -> str:
        """Read what it says until it says `words`; AssertionError when it ends before."""
        assert self.process.stdout
        while words not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        return self.said

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and return how it ended; nothing that it had started is left."""
        ours = psutil.Process(self.process.pid).children(recursive=True)
        assert len(ours) > 5
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        self.said += rest
        wait_until(lambda: not any(lives(process) for process in ours), 30)
        return self.process.returncode

    @property
    def url(self) -> str:
        """Where it says that it is."""
        found = re.search(r"Consumer API (http://127\.0\.0\.1:\d+)/consumer/api/v1", self.said)
        assert found, self.said
        return found.group(1)


@contextmanager
def up(state: Path, *words: str) -> Iterator[Up]:
    """`drumroll up` on this state folder, ready."""
    outside = {"DATABASE_URL", "REDIS_URL", "SMTP_URL", "KEY_ENCRYPTION_KEY", "GATEWAY_SECRET", "ROLE_SECRET"}
    kept = {name: word for name, word in os.environ.items() if name not in outside}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "up", *words],
        cwd=ROOT,
        env={**kept, "DRUMROLL_STATE": str(state), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Up(process)
    try:
        running.read_until(READY)
        yield running
    finally:
        process.kill()
        process.communicate()
        wait_until(lambda: at_work(state) == [], 30)


def crowd(state: Path, *words: str) -> str:
    """What a small `drumroll crowd` says that is told no keys."""
    environment = {**os.environ, "DRUMROLL_STATE": str(state), "COLUMNS": "200"}
    command = [sys.executable, "-m", "cli", "crowd", "--people", "5", "--duration", "2", "--seed", "1", *words]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return told.stdout + told.stderr


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """A state folder that the runs share, one after the other."""
    with temporary_state() as folder:
        yield folder


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port: int = somebody.getsockname()[1]
        yield port


@pytest.mark.timeout(240)
def test_it_says_where_it_is_and_ends_with_ctrl_c_and_comes_again(state: Path, taken_port: int) -> None:
    with up(state, "--port", str(taken_port)) as first:
        assert f"Port {taken_port} is taken" in first.said
        assert answers(f"{first.url}/readyz")
        keys = re.findall(r"dr_[ps]k_(?:live|test)_\w+", first.said)
        assert len(set(keys)) == 4
        assert (state / "keys.json").stat().st_mode & 0o777 == 0o600
        assert f"goes to {first.url} (seed 1)" in crowd(state)
        assert "somewhere to go" in crowd(state, "--url", "http://127.0.0.1:9")
        assert first.end(signal.SIGINT) == 0
    with up(state, "--gateways", "2") as second:
        assert re.findall(r"dr_[ps]k_(?:live|test)_\w+", second.said) == [key for key in keys if "_pk_" in key]
        assert second.said.count("Consumer API") == 2
        assert second.end(signal.SIGTERM) == 0
    assert at_work(state) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
@pytest.mark.timeout(240)
def test_nothing_outlives_a_killed_supervisor_and_reset_begins_afresh(state: Path) -> None:
    with up(state) as first:
        before = (state / "keys.json").read_text()
        first.end(signal.SIGKILL)
        wait_until(lambda: at_work(state) == [], 30)
    with up(state, "--reset") as second:
        assert (state / "keys.json").read_text() != before
        assert second.said.count("dr_sk_") == 2
        assert second.end(signal.SIGINT) == 0
