"""The clock and the dice of a process: the only place that reads either.

A process's clock decides nothing: it measures durations, dates log lines, and carries an offset to the ledger's clock
for what a gateway shows and checks.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.ids import unix_ms, uuid7, uuid7_text

_ID_BYTES = 10
_DICE_BYTES = 4_000


class Clock:
    """A process's clock; `offset` is how far the ledger's clock is ahead of it."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._dice, self._spare = b"", 0

    def now(self) -> datetime:
        """The ledger's time as well as this process knows it: aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Do nothing for so long."""
        time.sleep(seconds)

    def set_by(self, ledger: datetime, asked: float, answered: float) -> None:
        """Follow the ledger: it said `ledger` between the monotonic seconds `asked` and `answered`."""
        halfway = timedelta(seconds=(self.monotonic() - (asked + answered) / 2))
        self.offset = ledger + halfway - datetime.now(UTC)

    def follow(self, ledger: datetime) -> None:
        """Follow the ledger, which said just now that it is this late."""
        self.offset = ledger - datetime.now(UTC)

    def new_id(self) -> UUID:
        """A fresh UUIDv7."""
        return uuid7(unix_ms(self.now()), self._rolled())

    def new_id_text(self, unix_ms: int) -> bytes:
        """The text of a fresh UUIDv7 of this time, in ASCII."""
        return uuid7_text(unix_ms, self._rolled())

    def _rolled(self) -> bytes:
        if self._spare < _ID_BYTES:
            self._dice, self._spare = os.urandom(_DICE_BYTES), _DICE_BYTES
        self._spare -= _ID_BYTES
        return self._dice[self._spare : self._spare + _ID_BYTES]

    @staticmethod
    def entropy(size: int) -> bytes:
        """Bytes that nobody can guess."""
        return os.urandom(size)
