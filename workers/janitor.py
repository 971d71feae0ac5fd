"""The janitor: blanks and deletes what is past its term, a slice at a time, so that nobody waits for it."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from store.database import ledger_now
from store.terms import DUTIES, SLICE, Duty

EVERY_SECONDS = 60.0
AGAIN_SECONDS = 0.05
log = structlog.get_logger("janitor")


@dataclass(frozen=True, slots=True)
class Janitor:
    """Does its duties once a minute, under the role that sees every tenant. Two janitors never take the same rows."""

    engine: Engine
    duties: tuple[Duty, ...] = DUTIES

    def __call__(self) -> float:
        """One slice of every duty; soon again when one was full."""
        fullest = max(self._slice(duty) for duty in self.duties)
        return AGAIN_SECONDS if fullest >= SLICE else EVERY_SECONDS

    def _slice(self, duty: Duty) -> int:
        with self.engine.begin() as connection:
            cleared = duty.slice(connection, ledger_now(connection))
        if cleared:
            log.info("janitor.cleared", duty=duty.name, rows=cleared)
        return cleared
