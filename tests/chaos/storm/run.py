"""One storm: the load, the agent, the quiet afterwards, and what is found."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

import psycopg

from tests.chaos.storm.agent import Agent
from tests.chaos.storm.evidence import Evidence, collected, pending
from tests.chaos.storm.faults import SORTS
from tests.chaos.storm.ground import Ground
from tests.chaos.storm.load import Load, load_on
from tests.chaos.storm.needed import Needed
from tests.chaos.storm.plan import Plan, beside, plan_of
from tests.chaos.storm.poison import Poison
from tests.chaos.storm.raffles import aimed

QUIET_WITHIN = 40.0
QUIET_FOR = 2.0
POISONED, MAILED_AFTER = 2, 0.2
MAIL_FAULTS = {"SMTP: ask cut", "SMTP: answer cut"}
AHEAD, MAIL_TRIES = "6 minutes", 8
_NOW = "SELECT ledger_now()"
_ADVANCE = "UPDATE ledger_clock SET ahead = ahead + %s::interval"
_UNSENT = "SELECT count(*) FROM outbox WHERE state NOT IN ('sent', 'bounced', 'dead')"


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm that is over."""

    plan: Plan
    evidence: Evidence
    people: int
    answers: dict[str, int]
    skews: list[float]
    cuts: int
    quiet_after: float
    mail_cuts: int = 0
    needed: dict[str, int] = field(default_factory=dict)
    receipts: int = 0


async def storm(ground: Ground, seed: int, seconds: float) -> Storm:
    """Raise the storm of a seed, wait until it is quiet, and look at everything."""
    await asyncio.to_thread(ground.all_ready)
    plan, poison = beside(plan_of(seed, seconds, SORTS), aimed(seed, seconds)), Poison()
    began: datetime = await asyncio.to_thread(ground.value, _NOW)
    received, cuts, mail_cuts = len(ground.receiver.taken), ground.network.cuts, ground.network.mail_cuts
    async with load_on(ground, seed) as load:
        await load.furnishes(seconds)
        agent, needed = Agent(ground, plan), Needed(ground.system.metrics)
        watching = asyncio.create_task(needed.watch())
        async with asyncio.TaskGroup() as together:
            together.create_task(load.runs(seconds))
            together.create_task(agent.carries_out())
            together.create_task(_poisons(ground, load, poison, plan))
        await load.calls_last()
        quiet_after = await _quiet(ground)
        watching.cancel()
        await load.looks_last()
        evidence = await asyncio.to_thread(collected, ground, load, agent.happened, poison, began, received)
        answers = dict(sorted(load.book.answers.items()))
    return Storm(
        plan,
        evidence,
        load.people,
        answers,
        ground.skews,
        ground.network.cuts - cuts,
        quiet_after,
        ground.network.mail_cuts - mail_cuts,
        dict(needed.counts),
        len(load.book.receipts),
    )


async def _poisons(ground: Ground, load: Load, poison: Poison, plan: Plan) -> None:
    """Put in poison as often as the plan says, because each owes a mail, and somebody has to be cut off in the middle of one."""
    dice, began = Random(f"poison {plan.seed}"), time.monotonic()
    for at in moments_of_poison(plan):
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        hall = dice.choice(load.halls[::2])
        await poison.put_in(ground, hall.tenant_id, UUID(hall.queues["door"]["id"]))


def moments_of_poison(plan: Plan) -> list[float]:
    """The seconds at which poison is put in: while mail is first cut off in either way, else evenly apart."""
    firsts = {
        planned.name: planned.at + MAILED_AFTER for planned in reversed(plan.faults) if planned.name in MAIL_FAULTS
    }
    apart = [plan.duration * (number + 1) / (POISONED + 1) for number in range(POISONED)]
    return sorted([*firsts.values(), *apart][:POISONED])


async def _quiet(ground: Ground) -> float:
    """Return when nothing waits any more and stays so; the seconds it took. What never comes to rest is found later.

    A sender that was killed holds its mail for five minutes, and the next try is some minutes later, so the ledger's clock is
    put ahead for those.
    """
    began = time.monotonic()
    quiet = await _within(QUIET_WITHIN, lambda: not pending(ground))
    took = time.monotonic() - began
    for _ in range(MAIL_TRIES if quiet else 0):
        if await _within(QUIET_FOR, lambda: not ground.value(_UNSENT)):
            break
        await asyncio.to_thread(ground.rows, _ADVANCE, AHEAD)
    await _within(QUIET_WITHIN, lambda: not pending(ground))
    return took


async def _within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether this becomes so in time; while Postgres is away it is not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(psycopg.OperationalError):
            if await asyncio.to_thread(true):
                return True
        await asyncio.sleep(0.1)
    return False
