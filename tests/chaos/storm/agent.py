"""Who makes the storm: carries out a plan and notes when each fault began and ended."""

import asyncio
import time
from dataclasses import dataclass, field

from tests.chaos.storm.faults import FAULTS
from tests.chaos.storm.ground import Ground
from tests.chaos.storm.plan import Plan, Planned


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault that took place, from `began` to `ended` in seconds of this process's monotonic clock."""

    planned: Planned
    began: float
    ended: float
    failed: str = ""


@dataclass(slots=True)
class Agent:
    """Carries out a plan; faults overlap as they come."""

    ground: Ground
    plan: Plan
    happened: list[Happened] = field(default_factory=list)

    async def carries_out(self) -> None:
        """Return when the last fault of the plan is over."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as faults:
            for planned in self.plan.faults:
                await asyncio.sleep(max(0.0, began + planned.at - time.monotonic()))
                faults.create_task(self._does(planned))

    async def _does(self, planned: Planned) -> None:
        began, failed = time.monotonic(), ""
        try:
            await FAULTS[planned.name].happens(self.ground, planned)
        except Exception as broken:  # noqa: BLE001 (what the agent could not do is told at the end, and fails the run)
            failed = f"{type(broken).__name__}: {broken}"
        self.happened.append(Happened(planned, began, time.monotonic(), failed))
