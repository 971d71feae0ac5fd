"""Who was seen: people who poll or listen keep their places in queues that let go of those who do not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice
from uuid import UUID

import structlog

from api_gateway.accept import Accept
from api_gateway.live.line import Line
from api_gateway.live.lines import Lines
from api_gateway.problems import Problem
from domain.command import SYSTEM_ACTOR, Envelope
from domain.queue.commands import NotePresence
from runtime.clock import Clock

EVERY_SECONDS = 10.0
AT_ONCE = 100  # because a drain takes fifty notes, and loads whomever they name
log = structlog.get_logger("presence")


class Presence:
    """Tells the ledger, every ten seconds, who was seen in queues with an idle timeout."""

    def __init__(self, lines: Lines, accept: Accept, clock: Clock) -> None:
        self._lines, self._accept, self._clock = lines, accept, clock

    async def tell(self) -> None:
        """Tell, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            for line in self._lines.all():
                try:
                    await self.tell_of(line)
                except Problem as refused:
                    log.warning("presence.untold", queue=str(line.queue_id), code=refused.code)

    async def tell_of(self, line: Line) -> None:
        """Tell who was seen in one queue since the last time."""
        seen, line.seen = line.seen, set()
        for some in _slices(seen):
            note = NotePresence(queue_id=line.queue_id, entry_ids=some)
            command_id = self._clock.new_id()
            await self._accept(Envelope(command_id, line.tenant_id, SYSTEM_ACTOR, command_id, note), None)


def _slices(seen: Iterable[UUID]) -> Iterable[tuple[UUID, ...]]:
    rest = iter(seen)
    while some := tuple(islice(rest, AT_ONCE)):
        yield some
