"""Leaves the process when dramatiq no longer can work in it: a supervisor starts a fresh one."""

from __future__ import annotations

import os
import threading
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware

EVERY_SECONDS = 5.0
EXIT_STATUS = 3


class Watchdog(Middleware):
    """Exits with status 3 when a consumer thread has died, because dramatiq would live on without ever fetching again."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Any) -> None:
        """Begin to look."""
        threading.Thread(target=self._look, args=(worker,), daemon=True, name="watchdog").start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:
        """Threads that end now end on purpose."""
        self._stop.set()

    def _look(self, worker: Any) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            if any(not consumer.is_alive() for consumer in worker.consumers.values()):
                os._exit(EXIT_STATUS)
