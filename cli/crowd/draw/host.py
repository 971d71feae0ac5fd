"""The organiser's side of the draw: brings it forward, and reads back its list and its proof."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from cli.crowd.draw.terms import Schedule
from cli.crowd.organiser import Organiser

OVER = frozenset({"completed", "void"})


class DrawHost:
    """One draw by the Admin API."""

    def __init__(self, organiser: Organiser, draw_id: str) -> None:
        self._organiser, self._path = organiser, f"/draws/{draw_id}"

    async def bring_forward(self, schedule: Schedule) -> None:
        """Let the draw take place at another time, which may be done as long as nobody has entered."""
        await self._organiser.change(self._path, schedule.changes())

    async def over(self, within: float) -> Mapping[str, Any]:
        """The draw once every place is used or nobody is left who could win, or as it is after `within` seconds."""
        until = self._organiser.now() + within
        while True:
            draw = await self._organiser.read(self._path)
            if draw.get("drawStatus") in OVER or self._organiser.now() >= until:
                return draw
            await asyncio.sleep(0.25)

    async def entries(self) -> list[dict[str, Any]]:
        """All entries, as the Admin API lists them."""
        return await self._organiser.entries(self._path)

    async def proof(self) -> list[dict[str, Any]]:
        """The lines of the published proof file; none where it cannot be had."""
        return await self._organiser.lines(f"{self._path}/proof/file")
