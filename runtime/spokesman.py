"""The one thread of a process that talks to a server which may keep it waiting for ever."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from dramatiq.errors import BrokerConnectionError

MOST_ASKED = 64
REST_SECONDS = 0.5
OVERDUE_SECONDS = 1.0
Answer = TypeVar("Answer")
_Errand = tuple[Callable[[], Any], "Future[Any]"]


class UnansweredError(BrokerConnectionError):
    """The server did not answer in time, or at all. What was asked may have been done or not."""

    def __init__(self, message: str) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call] # dramatiq's class is not annotated


class DeclinedError(UnansweredError):
    """The server answered, and would not: this is not to be had now. What others ask may be."""


class Spokesman:
    """Runs errands in a thread of its own, one after the other; whoever sends one waits for it only so long.

    After an errand that failed it rests for half a second, and while one is overdue none is taken: what is asked meanwhile
    fails at once, so that nobody waits again for what does not answer. One that was declined tires nobody. `idle` is run
    every `idle_seconds` in which nothing is asked.
    """

    def __init__(self, name: str, idle: Callable[[], None], idle_seconds: float) -> None:
        self._asked: queue.Queue[_Errand | None] = queue.Queue(MOST_ASKED)
        self._idle, self._idle_seconds = idle, idle_seconds
        self._began: float | None = None
        self._rests_until = float("-inf")
        self._starting = threading.Lock()
        self._name = name
        self._thread: threading.Thread | None = None

    def run(self, errand: Callable[[], Answer], seconds: float) -> Answer:
        """What the errand returns. UnansweredError when it failed, when it takes longer, or when it is not worth trying."""
        if self._is_overdue() or time.monotonic() < self._rests_until:
            raise UnansweredError("the broker did not answer just now")
        self._started()
        told: Future[Answer] = Future()
        try:
            self._asked.put_nowait((errand, told))
            return told.result(seconds)
        except queue.Full:
            raise UnansweredError("too much is asked of the broker") from None
        except TimeoutError:
            told.cancel()  # because what nobody waits for any more need not be done
            raise UnansweredError(f"no answer from the broker in {seconds} s") from None

    def stop(self, seconds: float) -> None:
        """Run what was asked, then end the thread, if that is possible in this time."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._asked.put_nowait(None)
            self._thread.join(seconds)

    def _started(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True, name=self._name)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                asked = self._asked.get(timeout=self._idle_seconds)
            except queue.Empty:
                self._idle()
                continue
            if asked is None:
                return
            self._serve_one(*asked)

    def _serve_one(self, errand: Callable[[], Any], told: Future[Any]) -> None:
        if not told.set_running_or_notify_cancel():
            return
        self._began = time.monotonic()
        try:
            told.set_result(errand())
        except DeclinedError as no:
            told.set_exception(no)
        except Exception as failure:  # noqa: BLE001 (it is told to whoever asked)
            self._rests_until = time.monotonic() + REST_SECONDS
            told.set_exception(UnansweredError(repr(failure)))
        finally:
            self._began = None

    def _is_overdue(self) -> bool:
        began = self._began
        return began is not None and time.monotonic() - began > OVERDUE_SECONDS
