"""An installation in which nobody who enters a queue gets a receipt: what receipts cost is told by comparing with it.

The log of the queue grows as ever, because the order needs it; no tree is built for receipts, no head signed, nothing told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from cli.processes import PROCESSES, Process
from cli.system.shape import Shape
from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.times import Times
from store.work import Work
from workers.handlers import Handler

WORKER = "bench.unreceipted_worker"


@dataclass(frozen=True, slots=True)
class WithoutReceipts(Shape):
    """How it is made up: its admission workers are those of `WORKER`."""

    def processes(self) -> dict[str, Process]:
        """Every process by its name."""
        usual = PROCESSES["admission"]
        ours = replace(usual, module=WORKER)
        return {name: ours if one is usual else one for name, one in Shape.processes(self).items()}


def without_receipt(handler: Handler) -> Handler:
    """The same decision; its reply has no receipt to be made."""

    @wraps(handler)
    def silent(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
        outcome = handler(work, sent, times)
        if isinstance(outcome, Refused):
            return outcome
        return replace(outcome, secrets={name: one for name, one in outcome.secrets.items() if name != "receipt"})

    return silent
