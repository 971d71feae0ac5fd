"""The log after the freeze: one line for everything that bears on who wins, each line chained to the one before."""

from __future__ import annotations

from datetime import datetime

from domain.draw.state import Draw, LoggedStep
from domain.fairness.draws import StepLog
from domain.fairness.draws.steps import AnyBody
from domain.ids import unix_us


def log_step(draw: Draw, body: AnyBody, at: datetime) -> tuple[Draw, LoggedStep]:
    """The draw with one line more, and the line."""
    pool = draw.pool
    log, step = StepLog(pool.steps, pool.step_head.hex()).append(unix_us(at), body)
    after = draw.with_pool(steps=log.size, step_head=bytes.fromhex(log.head))
    return after, LoggedStep(draw.tenant_id, draw.id, step.n, step.as_json())
