"""The one connection that appends: sent until a commit is confirmed.

Whatever is sent a second time says so, and the drain asks the journal whether it was decided already.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import psycopg

from domain.command import Command, Envelope
from runtime.clock import Clock
from store.command_log import Place, append_statement
from store.database import GATEWAY

PATIENCE_SECONDS = 2.0
PAUSE_SECONDS = 0.05


class OutcomeUnknownError(Exception):
    """No commit was confirmed in time: the commands may be in the log or not."""


class Appending(Protocol):
    """A connection on which each statement commits by itself."""

    def execute(self, query: bytes, params: Any = None) -> Any:
        """Execute a statement; psycopg.OperationalError: perhaps it was committed, perhaps not."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


Connect = Callable[[], Appending]


class Appender:
    """Appends groups of commands, each in one statement that commits by itself. The log shows them under `name`."""

    def __init__(self, name: str, connect: Connect, clock: Clock) -> None:
        self._name, self._connect, self._clock = name, connect, clock
        self._connection: Appending | None = None

    def append(self, by_place: dict[Place, list[Envelope[Command]]]) -> None:
        """Append all or nothing. OutcomeUnknownError after two seconds without a confirmed commit."""
        statement, values = append_statement(by_place, self._name)
        until = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._connected().execute(statement.encode(), values)
            except psycopg.OperationalError as failure:
                self.close()
                if self._clock.monotonic() >= until:
                    raise OutcomeUnknownError(str(failure)) from failure
                self._clock.pause(PAUSE_SECONDS)
                statement, values = append_statement(_repeated(by_place), self._name)
            else:
                return

    def close(self) -> None:
        """Let the connection go; after a failure it is never used again."""
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _connected(self) -> Appending:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection


def _repeated(by_place: dict[Place, list[Envelope[Command]]]) -> dict[Place, list[Envelope[Command]]]:
    return {place: [replace(one, may_repeat=True) for one in sent] for place, sent in by_place.items()}


def connected(url: str) -> Appending:
    """A connection to Postgres that notices soon when nobody is there any more."""
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=2,
        options=GATEWAY.options,
        connect_timeout=2,
        tcp_user_timeout=3000,
        keepalives_idle=5,
        keepalives_interval=2,
    )
