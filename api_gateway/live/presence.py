"""Who was seen: people who poll or listen keep their places in queues that let go of those who do not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
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
        self._owed: list[Line] = []

    async def tell(self) -> None:
        """Tell, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.tell_now()

    async def tell_now(self) -> None:
        """Tell of every queue, also of one that nobody asks about any more but somebody is still to be told of."""
        lines = {id(line): line for line in (*self._owed, *self._lines.all())}
        for line in lines.values():
            await self.tell_of(line)
        self._owed = [line for line in lines.values() if line.seen]

    async def tell_of(self, line: Line) -> None:
        """Tell who was seen in one queue since the last time. Whoever could not be told of is told of the next time.

        What is refused as a bug would be refused for ever: those people are let go, because they are seen again.
        """
        untold, line.seen = line.seen, set()
        try:
            for some in list(_slices(untold)):
                await self._note(line, some)
                untold.difference_update(some)
        except Problem as refused:
            log.warning("presence.untold", queue=str(line.queue_id), code=refused.code, people=len(untold))
        finally:
            line.seen |= untold

    async def _note(self, line: Line, some: tuple[UUID, ...]) -> None:
        """Problem 503: it was not taken, or nobody knows; it may be told again."""
        note, own_id = NotePresence(queue_id=line.queue_id, entry_ids=some), self._clock.new_id()
        try:
            await self._accept(Envelope(own_id, line.tenant_id, SYSTEM_ACTOR, own_id, note), None)
        except Problem as refused:
            if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            log.error("presence.dropped", queue=str(line.queue_id), code=refused.code, people=len(some))


def _slices(seen: Iterable[UUID]) -> Iterable[tuple[UUID, ...]]:
    rest = iter(seen)
    while some := tuple(islice(rest, AT_ONCE)):
        yield some
