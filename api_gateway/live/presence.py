"""Who was seen: people who poll or listen keep their places in queues that let go of those who do not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from http import HTTPStatus
from itertools import islice
from uuid import UUID

import structlog

from api_gateway.accept import Accept
from api_gateway.live.line import Line
from api_gateway.live.lines import Lines
from api_gateway.live.snapshots import Key
from api_gateway.problems import Problem
from domain.command import SYSTEM_ACTOR, Envelope
from domain.queue.commands import NotePresence
from runtime.clock import Clock

EVERY_SECONDS = 10.0
AT_ONCE = 100  # because a drain takes fifty notes, and loads whomever they name
LISTENED = 1.5  # timeouts, because people are looked for four times in one, and the look takes its time
log = structlog.get_logger("presence")


class Presence:
    """Tells the ledger, every ten seconds, who was seen in queues with an idle timeout, and that it listened."""

    def __init__(self, lines: Lines, accept: Accept, clock: Clock) -> None:
        self._lines, self._accept, self._clock = lines, accept, clock
        self._owed: list[Line] = []
        self._listening = dict[Key, float]()

    async def tell(self) -> None:
        """Tell, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.tell_now()

    async def tell_now(self) -> None:
        """Tell of every queue, also of one that nobody asks about any more but somebody is still to be told of.

        Of a queue that asks for signs something is always told, if only that nobody was seen, and for another timeout and
        a half after it was last asked about: nobody is turned away for a time in which no gateway has told.
        """
        lines = {id(line): line for line in (*self._owed, *self._lines.all())}
        for line in lines.values():
            self._listen(line)
            await self.tell_of(line)
        self._owed = [line for line in lines.values() if line.seen]
        told, now = {_key(line) for line in lines.values()}, self._clock.monotonic()
        self._listening = {key: until for key, until in self._listening.items() if until > now}
        for tenant_id, queue_id in self._listening.keys() - told:
            await self.tell_of(Line(tenant_id, queue_id))

    def _listen(self, line: Line) -> None:
        asks = line.config.idle_timeout_seconds if line.config is not None else None
        if asks is not None and line.settling:
            self._listening[_key(line)] = line.asked_at + LISTENED * asks
        elif line.known:
            self._listening.pop(_key(line), None)

    async def tell_of(self, line: Line) -> None:
        """Tell who was seen in one queue since the last time. Whoever could not be told of is told of the next time.

        What is refused as a bug would be refused for ever: those people are let go, because they are seen again.
        """
        untold, line.seen, complete = line.seen, set(), True
        nobody = [()] if _key(line) in self._listening else []
        left = deque(list(_slices(untold)) or nobody)
        try:
            while left:
                some = left.popleft()
                complete &= await self._noted(line, some, listened=complete and not left)
                untold.difference_update(some)
        except Problem as refused:
            log.warning("presence.untold", queue=str(line.queue_id), code=refused.code, people=len(untold))
        finally:
            line.seen |= untold

    async def _noted(self, line: Line, some: tuple[UUID, ...], *, listened: bool) -> bool:
        """Whether it was taken. Problem 503: not now, or nobody knows; it may be told again."""
        own_id = self._clock.new_id()
        note = NotePresence(queue_id=line.queue_id, entry_ids=some, listened=listened)
        try:
            await self._accept(Envelope(own_id, line.tenant_id, SYSTEM_ACTOR, own_id, note), None)
        except Problem as refused:
            if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            log.error("presence.dropped", queue=str(line.queue_id), code=refused.code, people=len(some))
            return False
        return True


def _key(line: Line) -> Key:
    return line.tenant_id, line.queue_id


def _slices(seen: Iterable[UUID]) -> Iterable[tuple[UUID, ...]]:
    rest = iter(seen)
    while some := tuple(islice(rest, AT_ONCE)):
        yield some
