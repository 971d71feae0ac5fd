"""Processes that die on purpose: a counter on every statement, commit and call, and a child that ends at one."""

import os
import smtplib
import threading
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any, TypeVar

import psycopg
from redis.asyncio.connection import AbstractConnection as AsyncRedisConnection
from redis.connection import AbstractConnection

from api_gateway.corked import Corked
from store.libpq import Pipeline

KILLED = 137
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Death:
    """Dying before or after the `step`-th operation that reaches the world outside; step 0 is never reached."""

    step: int
    before: bool = True


class Seams:
    """Counts operations of this process and ends it, as SIGKILL would, at the one that was chosen."""

    def __init__(self, death: Death) -> None:
        self._death, self._count, self._lock = death, 0, threading.Lock()

    def watch_postgres(self) -> None:
        """Count what goes to Postgres: statements, commits, what is sent together, and each answer to it."""
        psycopg.Cursor.execute = self._counted(psycopg.Cursor.execute)  # type: ignore[method-assign] # the seam
        psycopg.Connection.commit = self._counted(psycopg.Connection.commit)  # type: ignore[method-assign] # the seam
        Pipeline._flush = self._counted(Pipeline._flush)  # type: ignore[method-assign] # the seam
        Pipeline._take = self._counted(Pipeline._take)  # type: ignore[method-assign] # the seam

    def watch_redis(self) -> None:
        """Count what goes to Redis."""
        send = AbstractConnection.send_packed_command
        AbstractConnection.send_packed_command = self._counted(send)  # type: ignore[method-assign] # the seam

    def watch_smtp(self) -> None:
        """Count what goes to a mail server, and what comes back."""
        smtplib.SMTP.send = self._counted(smtplib.SMTP.send)  # type: ignore[method-assign] # the seam
        smtplib.SMTP.getreply = self._counted(smtplib.SMTP.getreply)  # type: ignore[method-assign] # the seam

    def watch_gateway(self) -> None:
        """Count what a gateway says to Postgres and Redis in its event loop, and what it says to its callers."""
        psycopg.AsyncCursor.execute = self._awaited(psycopg.AsyncCursor.execute)  # type: ignore[assignment, method-assign] # the seam
        send = AsyncRedisConnection.send_packed_command
        AsyncRedisConnection.send_packed_command = self._awaited(send)  # type: ignore[assignment, method-assign] # the seam
        Corked._flush = self._counted(Corked._flush)  # type: ignore[method-assign] # the seam

    def _awaited(self, operation: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        @wraps(operation)
        async def counted(*args: Any, **named: Any) -> T:
            at = self._before()
            result = await operation(*args, **named)
            self._after(at)
            return result

        return counted

    def _counted(self, operation: Callable[..., T]) -> Callable[..., T]:
        @wraps(operation)
        def counted(*args: Any, **named: Any) -> T:
            at = self._before()
            result = operation(*args, **named)
            self._after(at)
            return result

        return counted

    def _before(self) -> int:
        with self._lock:
            self._count += 1
            if self._death == Death(self._count):
                os._exit(KILLED)
            return self._count

    def _after(self, at: int) -> None:
        if self._death == Death(at, before=False):
            os._exit(KILLED)


def die_everywhere(attempt: Callable[[Death], int]) -> int:
    """Let `attempt` die before and after each operation, until it lives to its end; returns how often it died.

    After one operation is before the next, so what comes after is only looked at for the last.
    """
    for step in count(1):
        status = attempt(Death(step))
        if status == 0:
            assert attempt(Death(step - 1, before=False)) == KILLED
            return step
        assert status == KILLED, f"the process ended with {status} at step {step}"
    raise AssertionError("a process without end")


def in_child(act: Callable[[], None]) -> int:
    """Do this in a forked process; returns its exit status, 1 with a traceback when it raised."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:  # noqa: BLE001 (a forked test process must not go on as a second pytest)
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
