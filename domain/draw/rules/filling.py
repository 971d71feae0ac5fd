"""Who gets the free places: the first winners, and whoever is promoted later, along the one order.

The rules are those of docs/fairness.md, which anybody can replay from the published file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.decision import Decision, Event, Reply
from domain.distribution.state import Scope
from domain.draw import events
from domain.draw.rules.counting import removed, win
from domain.draw.rules.logging import log_step
from domain.draw.state import Counting, Draw, Entry, Passed, Status
from domain.fairness.draws import Candidate, Fate, Selection, consider, steps
from domain.fairness.draws.steps import AnyBody


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody whose turn it is, at a rank of the order."""

    rank: int
    entry: Entry


@dataclass(slots=True)
class Ahead:
    """Who may be looked at now, each list in order: groups that were passed over, the order from `reached`, who waits behind it.

    Of groups and of those behind only who would fit. `more_passed` and `more_behind`: there are more of them than these.
    `counting` is the entry that counts of each duplicate key that was met before.
    """

    passed: Sequence[Passed] = ()
    groups: Mapping[UUID, Entry] = field(default_factory=dict)
    turns: Sequence[Turn] = ()
    behind: Sequence[Entry] = ()
    counting: Mapping[bytes, UUID] = field(default_factory=dict)
    more_passed: bool = False
    more_behind: bool = False


def fills(draw: Draw, now: datetime) -> bool:
    """Whether free places are to be given away now."""
    pool, config = draw.pool, draw.config
    if draw.selecting:
        return pool.ranked == pool.frozen and pool.ordered == pool.buckets
    if pool.last is None or pool.stuck or draw.free <= 0 or pool.completed_at is not None or draw.ended is not None:
        return False
    return config.continue_selecting_until_completed and now < config.claims_end_at and not draw.paused(Scope.SERVICE)


def end_of_order(draw: Draw) -> int:
    """The rank at which the order ends for now: all entries for the first winners, the last alternate afterwards."""
    return draw.pool.frozen if draw.pool.last is None else draw.pool.last


def fill(draw: Draw, ahead: Ahead, now: datetime) -> Decision:
    """Give the free places away, as far as what is `ahead` reaches: nobody's turn comes before that of all passed over."""
    filling = _Filling(draw, now, dict(ahead.counting))
    for group in ahead.passed:
        filling.group(group, ahead.groups[group.entry_id])
    for turn in () if ahead.more_passed else ahead.turns:
        filling.turn(turn)
    used_up = not ahead.more_passed and filling.draw.pool.reached >= end_of_order(draw)
    for entry in ahead.behind if used_up else ():
        filling.again(entry)
    return filling.decision(first=draw.selecting, used_up=used_up, more=ahead.more_behind)


class _Filling:
    """One go at the free places; what it decides is collected."""

    def __init__(self, draw: Draw, now: datetime, counting: dict[bytes, UUID]) -> None:
        self.draw, self._now, self._counting = draw, now, counting
        self._promoted = not draw.selecting
        self._saves, self._events = list[object](), list[Event]()

    def group(self, group: Passed, entry: Entry) -> None:
        """A group that was passed over: it wins if it fits now."""
        if entry.status is not Status.ENTERED:
            self._saves.append(replace(group, open=False))
        elif entry.people <= self.draw.free:
            self._saves.append(replace(group, open=False))
            self._wins(entry, group.rank)

    def turn(self, turn: Turn) -> None:
        """The next in the order: wins, is passed over, or is nobody any more."""
        if self.draw.free <= 0:
            return
        entry, inside = turn.entry, turn.entry.status is Status.ENTERED
        candidate = Candidate(entry.number, turn.rank, entry.people, inside, is_duplicate=not self._counts(entry))
        decided = consider(Selection(self.draw.free, end_of_order(self.draw), turn.rank), candidate)
        self.draw = self.draw.with_pool(reached=decided.after.reached)
        if decided.fate is Fate.WINS:
            self._wins(entry, turn.rank)
        elif decided.fate is Fate.PASSED:
            self._passed_over(entry, turn.rank)
        elif inside:
            self._turned_down(entry)

    def again(self, entry: Entry) -> None:
        """Somebody who waits behind the order."""
        if entry.people <= self.draw.free:
            self._wins(entry, None)

    def decision(self, *, first: bool, used_up: bool, more: bool) -> Decision:
        """What was decided; with `first` the first winners are named once the places or the entries are used up."""
        if first and (used_up or self.draw.free <= 0):
            self._select()
        elif not first and used_up and not more and self.draw.free > 0:
            self.draw = self.draw.with_pool(stuck=True)
        return Decision(Reply(), saves=(self.draw, *self._saves), events=tuple(self._events))

    def _counts(self, entry: Entry) -> bool:
        """Whether this is the first in the order of all in the pool that have its duplicate key."""
        key = entry.duplicate_key
        if key is None or entry.absent:
            return True
        if key not in self._counting:
            self._counting[key] = entry.id
            self._saves.append(Counting(entry.tenant_id, entry.draw_id, key, entry.id))
        return self._counting[key] == entry.id

    def _turned_down(self, entry: Entry) -> None:
        """A duplicate that is still there learns that another one counts."""
        gone = replace(removed(entry, Status.DENIED), denied_at=self._now, reason="NOT_SELECTED")
        self.draw = self.draw.with_pool(entered=self.draw.pool.entered - 1)
        self._saves.append(gone)
        self._events.append(events.Denied(gone.id, gone.consumer_id, gone.version, self._now, "NOT_SELECTED"))

    def _passed_over(self, entry: Entry, rank: int) -> None:
        self._log(steps.Passed(participation_id=entry.id, rank=rank, people=entry.people, free=self.draw.free))
        self._saves.append(Passed(entry.tenant_id, entry.draw_id, rank, entry.id, entry.people))

    def _wins(self, entry: Entry, rank: int | None) -> None:
        self.draw, won = win(self.draw, entry, self._now, rank=rank, promoted=self._promoted)
        if self._promoted:
            self._log(steps.Promoted(participation_id=won.id, rank=rank))
        assert won.grant_id and won.expires_at  # noqa: S101 (narrows the type; win() sets them)
        self._saves.append(won)
        self._events.append(
            events.Won(
                won.id, won.consumer_id, won.version, won.grant_id, self._now, won.expires_at, rank, self._promoted
            )
        )

    def _select(self) -> None:
        pool, config = self.draw.pool, self.draw.config
        kept = config.alternate_count if config.continue_selecting_until_completed else 0
        last = pool.frozen if kept is None else min(pool.frozen, pool.reached + kept)
        self.draw = self.draw.with_pool(last=last, stuck=self.draw.free > 0)
        self._log(steps.Selected(winners=pool.winners, places=pool.taken, reached=pool.reached))
        self._events.append(events.Selected(self._now, pool.winners, pool.taken))

    def _log(self, body: AnyBody) -> None:
        self.draw, step = log_step(self.draw, body, self._now)
        self._saves.append(step)
