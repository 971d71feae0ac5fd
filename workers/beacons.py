"""Bringing draws the round of the public beacon that they wait for: asked of relays, verified, appended as a command.

This decides nothing: the worker checks the signature again, and looks whether the draw wants it. So any number of schedulers
may do it at once, and whoever has no way to the relays gives the round by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.draw.commands import GiveBeacon
from domain.fairness.quicknet import last_round, time_of
from domain.ids import derived_id
from runtime import metrics
from runtime.clock import Clock
from runtime.relays import Beacon, Silence
from store import command_log
from store.awaiting import Awaiting, awaiting
from store.database import ledger_now
from store.ledger import Transactions

EVERY_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
log = structlog.get_logger("beacons")


class _Later(NamedTuple):
    """When a round is asked for again, in monotonic seconds, and how long that was put off."""

    at: float
    pause: float


@dataclass(slots=True)
class Beacons:
    """Looks every second for draws that wait for a round that is due.

    `ask` gets a round from relays; `ring` is told the partitions that have something to decide. A round is asked for, and
    given, again and again as long as a draw waits for it, less and less soon.
    """

    transactions: Transactions
    partitions: int
    ask: Callable[[int], Beacon | Silence]
    ring: Callable[[Iterable[tuple[str, int]]], None]
    clock: Clock = field(default_factory=Clock)
    _later: dict[int, _Later] = field(default_factory=dict)

    def __call__(self) -> float:
        """Bring one round, at most; returns the seconds to rest: none after one, because others may wait too."""
        wanted = self._wanted()
        self._later = {number: later for number, later in self._later.items() if number in wanted}
        now = self.clock.monotonic()
        number = next((one for one in wanted if one not in self._later or self._later[one].at <= now), None)
        if number is None:
            return EVERY_SECONDS
        answer, pause = self.ask(number), self._put_off(number)
        if isinstance(answer, Silence):
            metrics.beacons.labels("silent").inc()
            log.warning(
                "beacon.silent", round=number, draws=len(wanted[number]), again_in=pause, because=answer.reasons
            )
        else:
            self._give(answer, wanted[number])
        return 0.0

    def _wanted(self) -> dict[int, list[Awaiting]]:
        """The draws that wait for each round that is due."""
        with self.transactions.begin() as connection:
            found = awaiting(connection, last_round(ledger_now(connection)))
        by_round = defaultdict[int, list[Awaiting]](list)
        for one in found:
            by_round[one.round].append(one)
        return by_round

    def _put_off(self, number: int) -> float:
        before = self._later.get(number)
        pause = FIRST_PAUSE if before is None else min(before.pause * 2, LONGEST_PAUSE)
        self._later[number] = _Later(self.clock.monotonic() + pause, pause)
        return pause

    def _give(self, beacon: Beacon, draws: Sequence[Awaiting]) -> None:
        with self.transactions.begin() as connection:
            places = command_log.append(connection, [given(beacon, draw) for draw in draws], self.partitions, "")
        self.ring((place.topic, place.part) for place in places)
        metrics.beacons.labels("given").inc()
        log.info("beacon.given", round=beacon.round, draws=len(draws))


def given(beacon: Beacon, draw: Awaiting) -> Envelope[Command]:
    """The command that gives a draw its round. Its id follows from both: however many send it, it is decided once."""
    own_id = derived_id(time_of(beacon.round), b"beacon", draw.draw_id.bytes, beacon.round.to_bytes(8, "big"))
    body = GiveBeacon(draw_id=draw.draw_id, round=beacon.round, signature=beacon.signature.hex())
    return Envelope(own_id, draw.tenant_id, SYSTEM_ACTOR, own_id, body, may_repeat=True)
