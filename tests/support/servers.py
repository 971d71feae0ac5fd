"""Real servers for tests, in folders that vanish with them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import redis

from runtime.embedded import EmbeddedPostgres, EmbeddedRedis
from runtime.embedded.state import shared_folder
from tests.support.leaks import look_into


@contextmanager
def temporary_state() -> Iterator[Path]:
    """A new state folder that the servers' user can reach, which pytest's own temporary folders deny to strangers."""
    folder = Path(tempfile.mkdtemp(prefix="drumroll-test-", dir=shared_folder()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        look_into(folder)
        shutil.rmtree(folder)


@contextmanager
def running_postgres() -> Iterator[EmbeddedPostgres]:
    """A Postgres of its own for a test that stops or kills it."""
    with temporary_state() as state:
        server = EmbeddedPostgres(state)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_redis() -> Iterator[EmbeddedRedis]:
    """A Redis of its own for a test that stops, flushes or kills it."""
    with temporary_state() as state:
        server = EmbeddedRedis(state)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def query(url: str, statement: LiteralString) -> list[tuple[object, ...]]:
    """The rows of one statement, committed."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def make_table(url: str) -> None:
    """A table `kept` with one row."""
    query(url, "CREATE TABLE kept (word text)")
    query(url, "INSERT INTO kept VALUES ('first')")


def answers(url: str) -> bool:
    """Whether the Redis at `url` answers."""
    with redis.Redis.from_url(url) as client:
        return bool(client.ping())


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for `condition()`; AssertionError when it stays false for so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)
