"""The write path: commands that arrive while an append is in flight wait for the next one, and go as one.

The append runs in a thread of its own. In a rush the event loop is busy checking the next group's tokens, and an append
that had to wait for it would keep the workers idle meanwhile (measured: the two took turns instead of sharing the cores).
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from api_gateway.appender import Appender, OutcomeUnknownError
from api_gateway.limits import PASSES, Ask, Verdict, WriteLimits
from api_gateway.limits.undecided import Undecided
from api_gateway.problems import Problem, problem
from domain.command import Command, Envelope
from runtime import metrics
from runtime.bell import Bell
from runtime.clock import Clock
from store.command_log import places_of

GROUP = 2_048
GATHER_SECONDS = 0.01
"""For so long the commands of an organization at its ceiling are gathered: each that is decided alone costs as much as a dozen
together, and what the one who presses takes of the machine, the others wait for."""
log = structlog.get_logger("accept")


@dataclass(slots=True)
class Sending:
    """A command on its way into the log. `answer` is the future of whoever waits for its decision."""

    sent: Envelope[Command]
    ask: Ask | None
    answer: asyncio.Future[Any] | None
    verdict: Verdict = PASSES
    problem: Problem | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def appended(self) -> Verdict:
        """Wait until it is committed; returns where its limits stand. Problem 429 or 503 when it is not."""
        await self.ended.wait()
        if self.problem is not None:
            raise self.problem
        return self.verdict

    def end(self) -> None:
        """On the event loop: the append has ended. Whoever waits for a decision that will not come is told why."""
        self.ended.set()
        if self.problem is not None and self.answer is not None and not self.answer.done():
            self.answer.set_exception(self.problem)


class Accept:
    """Appends commands to the log in groups. When a call returns, its command is committed and will be decided."""

    def __init__(
        self, appender: Appender, bell: Bell, partitions: int, limits: WriteLimits, undecided: Undecided, clock: Clock
    ) -> None:
        self._appender, self._bell, self._partitions, self._clock = appender, bell, partitions, clock
        self._limits, self._undecided = limits, undecided
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Sending] = []
        self._patient: list[Sending] = []
        self._waiting: queue.SimpleQueue[list[Sending] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._append_on, name="append", daemon=True)
        self._thread.start()

    async def __call__(self, sent: Envelope[Command], ask: Ask | None) -> Verdict:
        """Append a command; returns where its limits stand.

        Problem 429: over a limit. Problem 503: over the bound, or the outcome is unknown.
        """
        return await self.send(sent, ask).appended()

    def send(self, sent: Envelope[Command], ask: Ask | None, answer: asyncio.Future[Any] | None = None) -> Sending:
        """Send a command on its way. Problem 503 at once: over the bound.

        Whoever waits for its `answer` need not wait for the append as well: an answer says that the command was committed,
        and where it cannot be committed, the answer is that Problem.
        """
        self._undecided.admit(sent)
        sending = Sending(sent, ask, answer)
        if self._undecided.presses(sent.tenant_id):
            self._patient.append(sending)
            if len(self._patient) == 1:
                self._loop.call_later(GATHER_SECONDS, self._hand_over, self._patient)
        else:
            self._gathered.append(sending)
            if len(self._gathered) == 1:
                self._loop.call_soon(self._hand_over, self._gathered)
        return sending

    def _hand_over(self, gathered: list[Sending]) -> None:
        """Whatever has come since the first of them goes to the thread as one."""
        if gathered:
            self._waiting.put(gathered.copy())
            gathered.clear()

    async def stop(self) -> None:
        """Append what waits, then return."""
        self._hand_over(self._gathered)
        self._hand_over(self._patient)
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _append_on(self) -> None:
        while (group := self._waiting.get()) is not None:
            stop = False
            while len(group) < GROUP and not stop and not self._waiting.empty():
                following = self._waiting.get()
                stop = following is None
                group += following or []
            self._append(group)
            if stop:
                break
        self._appender.close()

    def _append(self, group: Sequence[Sending]) -> None:
        try:
            self._append_together(self._within_limits(group))
        except Exception:
            log.exception("append.failed", commands=len(group))
            _refuse(group, _unknown())
        self._loop.call_soon_threadsafe(self._settle, group)

    def _settle(self, group: Sequence[Sending]) -> None:
        """On the event loop: tell everybody of a group how its append ended."""
        for sending in group:
            self._undecided.arrived(sending.sent, appended=sending.problem is None)
            sending.end()

    def _append_together(self, group: Sequence[Sending]) -> None:
        """Append a group in one statement; where one of them cannot be written, each in its own, so that only that one fails."""
        try:
            self._append_admitted(group)
        except OutcomeUnknownError as failure:
            log.error("append.unknown", error=str(failure), commands=len(group))
            _refuse(group, _unknown())
        except Exception:
            if len(group) > 1:
                for sending in group:
                    self._append_together([sending])
                return
            log.exception("append.unwritable", command=str(group[0].sent.id))
            _refuse(group, problem("INTERNAL_ERROR", f"Reference: {group[0].sent.id}."))

    def _within_limits(self, group: Sequence[Sending]) -> list[Sending]:
        asked = [sending for sending in group if sending.ask is not None]
        verdicts = self._limits.admit([sending.ask for sending in asked if sending.ask is not None])
        for sending, verdict in zip(asked, verdicts, strict=True):
            sending.verdict = verdict
            if not verdict.admitted:
                sending.problem = verdict.problem()
        return [sending for sending in group if sending.problem is None]

    def _append_admitted(self, group: Sequence[Sending]) -> None:
        if not group:
            return
        started = self._clock.monotonic()
        sent = [sending.sent for sending in group]
        by_place = places_of(sent, self._partitions)
        self._undecided.sending(sent)
        self._appender.append(by_place)
        self._bell.ring((place.topic, place.part) for place in by_place)
        metrics.append_size.observe(len(group))
        metrics.append_seconds.observe(self._clock.monotonic() - started)


def _refuse(group: Sequence[Sending], problem: Problem) -> None:
    for sending in group:
        sending.problem = sending.problem or problem


def _unknown() -> Problem:
    detail = "It is not known whether the call was recorded. Send it again with the same Idempotency-Key."
    return Problem(503, "DEPENDENCY_UNAVAILABLE", detail, retry_after=1)
