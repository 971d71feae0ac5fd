"""Loops that must not end: each in a thread of its own, looked after, and ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
log = structlog.get_logger("loops")


@dataclass(frozen=True, slots=True)
class Loop:
    """A step that is taken again and again. It returns the seconds to rest, which end at once when `wake` is set."""

    name: str
    step: Callable[[], float]
    wake: threading.Event = field(default_factory=threading.Event)


class Loops:
    """Runs loops until it is told to stop. A step that fails is logged and tried again, less and less soon."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,), name=one.name, daemon=True) for one in loops]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 10.0) -> bool:
        """Let every step in hand come to its end; whether all did within `seconds` each."""
        self._stopping.set()
        for loop in self._loops:
            loop.wake.set()
        for thread in self._threads:
            thread.join(seconds)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, loop: Loop) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            loop.wake.clear()
            try:
                rest, pause = loop.step(), FIRST_PAUSE
            except Exception as broken:  # noqa: BLE001 (whatever breaks in a step, the next one is wanted)
                log.warning("loop.broken", loop=loop.name, error=f"{type(broken).__name__}: {broken}"[:300])
                rest, pause = pause, min(pause * 2, LONGEST_PAUSE)
            if rest > 0 and not self._stopping.is_set():
                loop.wake.wait(rest)
