"""The Procfile, line by line, on servers of somebody else: what a platform that runs processes does with it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cli.installation import answers
from cli.system.ports import free_ports
from cli.system.servers import in_database
from tests.support.database import PASSWORDS
from tests.support.procfile import LINES, ROOT, UP, Environment, drumroll
from tests.support.servers import query, wait_until

PRIVATE = {"GATEWAY_SECRET": "11" * 32, "KEY_ENCRYPTION_KEY": "22" * 32}


@pytest.fixture
def owner(postgres_server: str) -> Iterator[str]:
    """The owner's URL of a database that does not exist yet."""
    name = "procfile"
    yield in_database(postgres_server, name)
    query(postgres_server, "DROP DATABASE IF EXISTS procfile WITH (FORCE)")


@contextmanager
def running(name: str, environment: Environment, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A line of the Procfile, up; it ends by itself when it is told to."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *LINES[name].split()], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        up = UP.get(name, "worker.up")
        wait_until(lambda: up in log.read_text() or process.poll() is not None, 60)
        assert process.poll() is None, log.read_text()
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}, log.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(300)
def test_every_line_runs_with_what_settings_says_it_is_given(owner: str, redis_server: str, tmp_path: Path) -> None:
    (port,) = free_ports(0, 1)
    bare = {name: word for name, word in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    shared = {**bare, "REDIS_URL": redis_server, "PORT": str(port)}
    operator = {**shared, **PRIVATE, "DATABASE_URL": owner, "ROLE_SECRET": PASSWORDS.secret}
    released = drumroll(LINES["release"], operator)
    assert released.returncode == 0, released.stderr
    assert drumroll(LINES["release"], operator).returncode == 0
    with ExitStack() as processes:
        for name in ("web", "admission", "selection", "people", "administration", "scheduler"):
            told = drumroll(f"settings --of {name}", operator).stdout
            own = dict(line.split("=", 1) for line in told.splitlines())
            processes.enter_context(running(name, {**shared, **own}, tmp_path / f"{name}.log"))
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        made = drumroll("organizations create Quay --slug quay-house", operator)
        assert made.returncode == 0, made.stderr
        assert len(set(re.findall(r"dr_[ps]k_(?:live|test)_\w+", made.stdout))) == 4


def test_a_store_that_was_never_migrated_is_named(postgres_server: str, redis_server: str) -> None:
    environment = {**os.environ, "DATABASE_URL": postgres_server, "REDIS_URL": redis_server, **PRIVATE}
    refused = drumroll("gateway", environment)
    assert refused.returncode == 2
    assert "run `drumroll migrate`" in " ".join(refused.stderr.split())
