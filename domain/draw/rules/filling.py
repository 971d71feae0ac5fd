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
from domain.draw.rules.counting import removed
from domain.draw.rules.counting import win as let_win
from domain.draw.rules.logging import log_step
from domain.draw.state import Counting, Draw, Entry, Passed, Status
from domain.fairness.draws import Candidate, Fate, consider, first_that_fits, steps, win
from domain.fairness.draws import Turn as Decided
from domain.fairness.draws.steps import AnyBody


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody whose turn it is: a rank of the order in the first round, and so on round by round where there are prizes."""

    turn: int
    entry: Entry


@dataclass(slots=True)
class Ahead:
    """Who may be looked at now, each list in order: groups that were passed over, turns not reached yet, who waits behind them.

    Of groups and of those behind only who would fit. `more_passed` and `more_behind`: there are more of them than these.
    `counting` is the entry that counts of each duplicate key that was met before. Where there are prizes, `turns` leaves out
    those of whom nothing can come, and `end` is the turn before which nobody else is.
    """

    passed: Sequence[Passed] = ()
    groups: Mapping[UUID, Entry] = field(default_factory=dict)
    turns: Sequence[Turn] = ()
    behind: Sequence[Entry] = ()
    counting: Mapping[bytes, UUID] = field(default_factory=dict)
    more_passed: bool = False
    more_behind: bool = False
    end: int = 0


def fills(draw: Draw, now: datetime) -> bool:
    """Whether free places are to be given away now."""
    pool, config = draw.pool, draw.config
    if draw.selecting:
        return pool.ranked == pool.frozen and pool.ordered == pool.buckets
    if pool.last is None or pool.stuck or draw.free <= 0 or pool.completed_at is not None or draw.ended is not None:
        return False
    return config.continue_selecting_until_completed and now < config.claims_end_at and not draw.paused(Scope.SERVICE)


def end_of_order(draw: Draw) -> int:
    """The turn at which the order ends for now: all entries in each round for the first winners, then the last alternate."""
    return draw.pool.frozen * len(draw.config.places) if draw.pool.last is None else draw.pool.last


def fill(draw: Draw, ahead: Ahead, now: datetime) -> Decision:
    """Give the free places away, as far as what is `ahead` reaches: nobody's turn comes before that of all passed over."""
    filling = _Filling(draw, now, dict(ahead.counting))
    for group in ahead.passed:
        filling.group(group, ahead.groups[group.entry_id])
    for turn in () if ahead.more_passed else ahead.turns:
        filling.turn(turn)
    if not ahead.more_passed:
        filling.nobody_before(ahead.end)
    used_up = not ahead.more_passed and filling.is_used_up()
    for entry in ahead.behind if used_up else ():
        filling.again(entry)
    return filling.decision(first=draw.selecting, used_up=used_up, more=ahead.more_behind)


class _Filling:
    """One go at the free places; what it decides is collected."""

    def __init__(self, draw: Draw, now: datetime, counting: dict[bytes, UUID]) -> None:
        self.draw, self._now, self._counting = draw, now, counting
        self._promoted = not draw.selecting
        self._saves, self._events = list[object](), list[Event]()
        self._won = set[UUID]()

    def group(self, group: Passed, entry: Entry) -> None:
        """A group that was passed over for a prize: it wins if it fits now."""
        lot = self.draw.lots[group.prize]
        if not self._is_inside(entry):
            self._saves.append(replace(group, open=False))
        elif entry.people <= lot.free:
            self._saves.append(replace(group, open=False))
            self._wins(entry, win(lot, Candidate(entry.number, group.rank, entry.people, prize=group.prize)))

    def turn(self, turn: Turn) -> None:
        """The next in the order: wins, is passed over, or is nobody any more."""
        if self.draw.free <= 0:
            return
        entry, inside, counts = turn.entry, self._is_inside(turn.entry), self._counts(turn.entry)
        if inside and not counts:
            self._turned_down(entry)
        round_, rank = divmod(turn.turn, self.draw.pool.frozen)
        prize = entry.wishes[round_] if round_ < len(entry.wishes) else None
        lot = None if prize is None else self.draw.lots[prize]
        if prize is None or lot is None or lot.free <= 0 or turn.turn < lot.reached:
            return
        candidate = Candidate(
            entry.number, rank, entry.people, inside, is_duplicate=not counts, prize=prize, turn=turn.turn
        )
        decided = consider(lot, candidate)
        self.draw = self.draw.with_lot(prize, decided.after)
        if decided.fate is Fate.WINS:
            self._wins(entry, decided)
        elif decided.fate is Fate.PASSED:
            self._passed_over(entry, rank, prize, round_)

    def nobody_before(self, end: int) -> None:
        """Before this turn there is nobody who was not looked at, for any prize with free places."""
        for prize, lot in self.draw.lots.items():
            if lot.free > 0 and lot.reached < end:
                self.draw = self.draw.with_lot(prize, replace(lot, reached=end))

    def is_used_up(self) -> bool:
        """Whether all turns were reached, for every prize with free places."""
        end = end_of_order(self.draw)
        return all(lot.reached >= end for lot in self.draw.lots.values() if lot.free > 0)

    def again(self, entry: Entry) -> None:
        """Somebody who waits behind the order."""
        lots = self.draw.lots
        prize = first_that_fits(entry.wishes, entry.people, lots)
        if prize is not None:
            self._wins(entry, win(lots[prize], Candidate(entry.number, None, entry.people, prize=prize)))

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

    def _is_inside(self, entry: Entry) -> bool:
        """Whether somebody is in, and has never won: `entry` may be as it was before this fill."""
        return entry.status is Status.ENTERED and entry.behind is None and entry.id not in self._won

    def _passed_over(self, entry: Entry, rank: int, prize: str, round_: int) -> None:
        free = self.draw.lots[prize].free
        self._log(
            steps.Passed(participation_id=entry.id, rank=rank, people=entry.people, free=free, prize=prize or None)
        )
        self._saves.append(
            Passed(entry.tenant_id, entry.draw_id, rank, entry.id, entry.people, prize=prize, round=round_)
        )

    def _wins(self, entry: Entry, turn: Decided) -> None:
        self.draw, won = let_win(self.draw, entry, self._now, turn, promoted=self._promoted)
        self._won.add(won.id)
        if self._promoted:
            self._log(steps.Promoted(participation_id=won.id, rank=won.rank, prize=won.prize))
        assert won.grant_id and won.expires_at  # noqa: S101 (narrows the type; let_win() sets them)
        self._saves.append(won)
        self._events.append(
            events.Won(
                won.id, won.consumer_id, won.version, won.grant_id, self._now, won.expires_at, won.rank,
                self._promoted, won.prize,
            )
        )  # fmt: skip

    def _select(self) -> None:
        pool, config, end = self.draw.pool, self.draw.config, end_of_order(self.draw)
        kept = config.alternate_count if config.continue_selecting_until_completed else 0
        last = end if kept is None or config.prizes is not None else min(end, pool.reached + kept)
        self.draw = self.draw.with_pool(last=last, stuck=self.draw.free > 0)
        self._log(steps.Selected(winners=pool.winners, places=pool.taken))
        self._events.append(events.Selected(self._now, pool.winners, pool.taken))

    def _log(self, body: AnyBody) -> None:
        self.draw, step = log_step(self.draw, body, self._now)
        self._saves.append(step)
