"""The project's own processes, as children of a test."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from store.roles import MAINTENANCE, SCHEDULER
from tests.support.database import TestDatabase

ROOT = Path(__file__).parents[2]


def running_scheduler(
    database: TestDatabase, redis_url: str, **settings: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A scheduler process, up when this returns and dead when it is left."""
    return _running(["workers.processes.scheduler"], "scheduler.up", database, redis_url, settings)


def running_deliverer(
    database: TestDatabase, redis_url: str, **settings: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A process that delivers mail, up when this returns and dead when it is left."""
    words = ["dramatiq", "workers.processes.mail", "--queues", "mail", "--processes", "1", "--threads", "2"]
    return _running(words, "worker.up", database, redis_url, {"dramatiq_worker_timeout": "20", **settings})


@contextmanager
def _running(
    words: list[str], up: str, database: TestDatabase, redis_url: str, settings: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "DATABASE_URL": database.url(SCHEDULER),
        "MAINTENANCE_DATABASE_URL": database.url(MAINTENANCE),
        "REDIS_URL": redis_url,
        **settings,
    }
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        try:
            while up.encode() not in (line := process.stdout.readline()):
                assert line, f"{words[0]} ended with {process.wait()}"
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.stdout.close()


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    """Send a signal and wait; the exit status, negative for a signal."""
    process.send_signal(number)
    return process.wait(timeout=15)
