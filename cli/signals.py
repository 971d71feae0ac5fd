"""Ctrl-C and SIGTERM for commands that have something to take down."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruptions:
    """Within the block, the first signal raises KeyboardInterrupt; the others are ignored, so that nothing stops the stopping."""

    def __init__(self) -> None:
        self._before = [(number, signal.getsignal(number)) for number in _NUMBERS]

    def arm(self) -> None:
        """From now on the next signal interrupts."""
        for number in _NUMBERS:
            signal.signal(number, self._interrupt)

    def hold(self) -> None:
        """From now on signals are ignored, by a handler of ours: what is merely ignored would be inherited by children."""
        for number in _NUMBERS:
            signal.signal(number, _ignored)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.hold()
        raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self.arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)


def _ignored(_number: int, _frame: FrameType | None) -> None:
    """Nothing happens."""
