"""A draw, decided once more: the commands of its journal, at the moments that the journal tells, by the rules alone.

What is taken from the journal is what was asked and when, and in which drain a slice of the selection was done. Who wins,
who is promoted, and every line of the log are worked out anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.decision import Decision, Refused
from domain.draw import events, rules
from domain.draw.commands import DrawCommand
from domain.draw.config import DrawConfig
from domain.draw.state import Draw, Status
from domain.ids import derived_id
from domain.times import Times
from tests.chaos.storm.book import Call
from tests.chaos.storm.pages import Page
from tests.domain.draw.simulation import Simulation

ALL_AT_ONCE = 1_000_000
FOLLOW_UPS = 64
QUIET = frozenset({"draw.create", "draw.knock", "draw.validate", "draw.sign_grant"})
"""Commands that bear on nobody's win: whatever they say, they knock."""
HOLD = (Status.WON, Status.COMPLETED)


@dataclass
class Redrawn(Simulation):
    """One draw in memory. `unlike` are the commands that were decided otherwise, or that nobody sent."""

    unlike: list[str] = field(default_factory=list)
    _knocks: dict[UUID, bool] = field(default_factory=dict)
    _patient: bool = False

    def turn(self, page: Page, asked: Mapping[UUID, DrawCommand]) -> None:
        """Decide what a drain decided, and do what it did of what was due."""
        last = Times(page.at, page.at)
        self._patient = False
        for own_id, reply in zip(page.command_ids, page.replies, strict=True):
            received_at = page.at - timedelta(microseconds=reply["waitedUs"])
            self.now, last = page.at, Times(received_at, max(page.at, received_at))
            self._bring_up_to_date(last)
            if reply["type"] in QUIET:
                self._patient |= self._knocks.get(own_id, False)
            else:
                self._decide_again(own_id, reply, asked.get(own_id), last)
        patient = self._patient and len(page.command_ids) > 1
        if not patient:
            self._do_what_was_due(Times(last.received_at, page.at), [event["type"] for event in page.events])
        if page.command_ids:
            self._expect_knocks(page, after_slice=not patient)

    def winners(self) -> dict[UUID, int | None]:
        """Who holds places, and the rank of each."""
        return {one.id: one.rank for one in self.with_status(*HOLD)}

    def _decide_again(self, own_id: UUID, reply: Any, command: DrawCommand | None, times: Times) -> None:
        if command is None:
            self.unlike.append(f"{reply['type']} {own_id} was sent by nobody")
            return
        decision = self._decide(command, own_id, times)
        told, code = reply.get("refused") or {}, None
        if isinstance(decision.outcome, Refused):
            code = decision.outcome.code
        if told.get("code") != code:
            self.unlike.append(f"{reply['type']} {own_id} was {told.get('code')}, and is {code} once more")
        self._save(decision)

    def _do_what_was_due(self, times: Times, told: Sequence[str]) -> None:
        if self.draw.selecting:
            self._select(times, told)
        elif rules.fills(self.draw, times.now):
            self._fill(times, told)
        if events.DrawCompleted.type in told:
            self._save(rules.close_if_due(self.draw, times.now))

    def _select(self, times: Times, told: Sequence[str]) -> None:
        """Name the first winners, in the drain that told of them; slices before that tell nothing."""
        if events.Selected.type not in told:
            return
        while rules.unranked(self.draw):
            self._rank()
        while rules.unordered(self.draw):
            self._order()
        self._save(rules.fill(self.draw, self._ahead(), times.now))

    def _fill(self, times: Times, told: Sequence[str]) -> None:
        """Promote, unless somebody would win of whom the journal tells later."""
        decision: Decision = rules.fill(self.draw, self._ahead(), times.now)
        wins = any(isinstance(event, events.Won) for event in decision.events)
        if not wins or events.Won.type in told:
            self._save(decision)

    def _expect_knocks(self, page: Page, *, after_slice: bool) -> None:
        """The ids that a knock of our own may have which follows on this drain, and whether it comes after a slice."""
        cause = page.command_ids[-1].bytes
        for position in range(FOLLOW_UPS):
            own_id = derived_id(page.at, b"follow", cause, position.to_bytes(4, "big"))
            self._knocks[own_id] = after_slice


def redrawn(row: Any, pages: Iterable[Page], calls: Iterable[Call]) -> Redrawn:
    """A draw of which this is the row, once more from its first command to its last."""
    asked = {call.command_id: call.means(call.command_id) for call in calls if call.means is not None}
    again = Redrawn(_as_made(row), at_once=ALL_AT_ONCE, tickets_at_once=ALL_AT_ONCE)
    for page in pages:
        again.turn(page, asked)
    return again


def differences(row: Any, entries: Iterable[Any], again: Redrawn) -> list[str]:
    """What came of a draw otherwise than by the rules alone: its log, its seed, its winners, its steps."""
    found = [f"draw {row.id}: {one}" for one in again.unlike]
    pool = again.draw.pool
    told = {"tree_head": pool.tree_head, "seed": pool.seed, "step_head": pool.step_head}
    found += [
        f"draw {row.id} has another {name} once more"
        for name, value in told.items()
        if bytes(getattr(row, name)) != value
    ]
    kept = {one.id: one.rank for one in entries if Status(one.status) in HOLD}
    found += [
        f"{own_id} won in draw {row.id}, and does not once more" for own_id in kept.keys() - again.winners().keys()
    ]
    found += [f"{own_id} wins in draw {row.id} once more" for own_id in again.winners().keys() - kept.keys()]
    return found + [
        f"{own_id} had rank {kept[own_id]} in draw {row.id}, and {rank} once more"
        for own_id, rank in again.winners().items() if own_id in kept and kept[own_id] != rank
    ]  # fmt: skip


def _as_made(row: Any) -> Draw:
    """The draw as it was when it was made: its settings do not change in a storm."""
    created_at: datetime = row.created_at
    return Draw(
        tenant_id=row.tenant_id, id=row.id, organization_id=row.organization_id, experience_id=row.experience_id,
        sequence_id=row.sequence_id, config=DrawConfig.stored(row.config), server_seed=bytes(row.server_seed),
        created_at=created_at, updated_at=created_at, created_by=row.created_by,
    )  # fmt: skip
