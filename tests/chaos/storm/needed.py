"""How often the guards were needed: what the processes count themselves, gathered before each dies and begins anew."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import aiohttp

from tests.support.caller import LOST
from tests.support.measures import samples

EVERY_SECONDS = 1.0
GUARDS: Mapping[str, str] = MappingProxyType({
    "drumroll_replies_missed_total": "answers looked up in the journal",
    "drumroll_sweeper_rings_total": "rings by the sweeper",
    "drumroll_unrung_rounds_total": "rounds without a bell",
})  # fmt: skip
"""What is counted for each guard, and what it is called here."""


@dataclass(slots=True)
class Needed:
    """Looks at the metrics of every process, by its name, once a second. What a process counts last may be missed."""

    urls: Mapping[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    _last: dict[tuple[str, str], float] = field(default_factory=dict)
    _began: bool = False

    async def watch(self) -> None:
        """Look until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=EVERY_SECONDS)) as session:
            while True:
                await asyncio.gather(*(self._look(session, name, url) for name, url in self.urls.items()))
                self._began = True
                await asyncio.sleep(EVERY_SECONDS)

    async def _look(self, session: aiohttp.ClientSession, name: str, url: str) -> None:
        try:
            async with session.get(url) as response:
                text = await response.text()
        except LOST:
            return
        shown = samples(text)
        for sample, guard in GUARDS.items():
            self._counted(name, guard, shown.get(sample, 0.0))

    def _counted(self, name: str, guard: str, now: float) -> None:
        """A process that counts less than before was started again. What was counted before the first look is not ours."""
        before = self._last.get((name, guard), 0 if self._began else now)
        self._last[name, guard] = now
        self.counts[guard] += int(now - before if now >= before else now)
