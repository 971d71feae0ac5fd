"""A draw in memory: nothing but rules, a clock that is turned by hand, and timers that are never late."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any
from uuid import UUID

from domain.decision import Decision, Event, Refused, Reply
from domain.draw import commands as c
from domain.draw import rules
from domain.draw.state import Counting, Draw, Entry, LoggedStep, Passed, Status
from domain.fairness import Chunk, merged, ranked_runs
from domain.times import Times
from tests.domain.draw.draws import NOON, make_draw, make_sequence_of_draw

SLICE = 3
RANKED = 7
"""Tickets that are looked at in one go."""
PATIENCE = 400


@dataclass(slots=True)
class Simulation:
    """One draw and everybody in it. Each command is a drain of its own; what is due follows at once, unless it is told not to."""

    draw: Draw
    now: datetime = NOON
    entries: dict[UUID, Entry] = field(default_factory=dict)
    passed: dict[tuple[int, int], Passed] = field(default_factory=dict)
    counting: dict[bytes, UUID] = field(default_factory=dict)
    steps: list[LoggedStep] = field(default_factory=list)
    events: list[tuple[datetime, Event]] = field(default_factory=list)
    knock_at: datetime | None = None
    at_once: int = SLICE
    tickets_at_once: int = RANKED
    _runs: list[dict[int, bytes]] = field(default_factory=list)
    _chunks: list[Chunk] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def send(self, command: c.DrawCommand, *, command_id: UUID | None = None, follow: bool = True) -> Reply | Refused:
        """Decide a command that is received now, and whatever becomes due by it; without `follow` but one slice of that."""
        times = Times(self.now, self.now)
        self._bring_up_to_date(times)
        decision = self._decide(command, command_id or self._new_id(), times)
        self._save(decision)
        self._serve(times)
        if follow:
            self._follow()
        return decision.outcome

    def knock(self, *, follow: bool = True) -> None:
        """Let whatever is due now be done, or a slice of it."""
        self.send(c.KnockDraw(draw_id=self.draw.id), follow=follow)

    def advance(self, seconds: float) -> None:
        """Let time pass, and knock whenever that was promised."""
        until = self.now + timedelta(seconds=seconds)
        while self.knock_at is not None and self.knock_at <= until:
            self.now = max(self.now, self.knock_at)
            self.knock()
        self.now = until

    def enter(self, *people: UUID, **how: Any) -> list[Entry]:
        """People enter, one after the other; their participations."""
        for person in people:
            outcome = self.send(c.EnterDraw(draw_id=self.draw.id, consumer_id=person, **how))
            assert isinstance(outcome, Reply), outcome
        return [self.mine(person)[-1] for person in people]

    def mine(self, consumer_id: UUID) -> list[Entry]:
        """Every participation of a person, the first first."""
        found = (one for one in self.entries.values() if one.consumer_id == consumer_id)
        return sorted(found, key=lambda one: one.number)

    def with_status(self, *statuses: Status) -> list[Entry]:
        """Everybody with one of these statuses, in order of numbers."""
        found = (one for one in self.entries.values() if one.status in statuses)
        return sorted(found, key=lambda one: one.number)

    def in_order(self) -> list[Entry]:
        """Everybody, in the order that was drawn."""
        numbers = [number for chunk in self._chunks for number in chunk.numbers()]
        by_number = {entry.number: entry for entry in self.entries.values()}
        return [by_number[number] for number in numbers]

    def log(self) -> list[str]:
        """The types of the lines of the log."""
        return [step.facts["type"] for step in self.steps]

    def happened(self, kind: type[Event]) -> list[Any]:
        """The events of a sort."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def _new_id(self) -> UUID:
        return UUID(int=0xABC << 112 | 7 << 76 | 2 << 62 | next(self._ids))

    def _decide(self, command: c.DrawCommand, own_id: UUID, times: Times) -> Decision:
        if isinstance(command, c.EnterDraw):
            return rules.enter(self.draw, self.mine(command.consumer_id), own_id, command, times)
        if isinstance(command, c.KnockDraw):
            return Decision(Reply())
        return _DECIDES[type(command)](self, command, times)

    def _save(self, decision: Decision) -> None:
        for state in decision.saves:
            match state:
                case Draw():
                    self.draw = state
                case Entry():
                    self.entries[state.id] = state
                case Passed():
                    self.passed[state.round, state.rank] = state
                case Counting():
                    self.counting[state.duplicate_key] = state.entry_id
                case LoggedStep():
                    assert state.n == len(self.steps)
                    self.steps.append(state)
        self.events += [(self.now, event) for event in decision.events]

    def _bring_up_to_date(self, times: Times) -> None:
        for due in (rules.resume_if_due, rules.seal_if_due, rules.reveal_if_due):
            self._save(due(self.draw, times))
        pool = self.draw.pool
        over = times.received_at - timedelta(seconds=self.draw.config.completion_grace_seconds)
        if self.draw.selecting or not pool.inside or pool.lapse_at is None or pool.lapse_at > over:
            return
        won = self._ending()
        lapsed = [one for one in won if one.expires_at is not None and one.expires_at <= over][: self.at_once]
        left = [one.expires_at for one in won if one not in lapsed and one.expires_at is not None]
        self._save(rules.lapse(self.draw, lapsed, min(left, default=None), times))

    def _ending(self) -> list[Entry]:
        return sorted(self.with_status(Status.WON), key=lambda one: (one.expires_at or NOON, one.number))

    def _serve(self, times: Times) -> None:
        if rules.unranked(self.draw):
            self._rank()
        elif rules.unordered(self.draw):
            self._order()
        elif rules.fills(self.draw, times.now):
            self._save(rules.fill(self.draw, self._ahead(), times.now))
        elif self.draw.clearing:
            self._save(rules.take_back(self.draw, self._ending()[: self.at_once], times))
        self._save(rules.close_if_due(self.draw, times.now))
        self.knock_at = rules.next_knock(self.draw, times.now)

    def _rank(self) -> None:
        pool = self.draw.pool
        entries = sorted(self.entries.values(), key=lambda one: one.number)[pool.ranked :]
        weights = rules.bounded([one.tickets for one in entries], self.tickets_at_once)
        runs = ranked_runs(pool.seed, pool.ranked, pool.ranked_tickets, weights, pool.buckets)
        self._runs.append(runs)
        self._save(rules.ranked(self.draw, len(weights), sum(weights)))

    def _order(self) -> None:
        pool = self.draw.pool
        chunk = Chunk(pool.placed, merged([runs[pool.ordered] for runs in self._runs if pool.ordered in runs]))
        self._chunks.append(chunk)
        self._save(rules.ordered(self.draw, 1, len(chunk)))

    def _ahead(self) -> rules.Ahead:
        turns, end = self._turns()
        lots, everybody = self.draw.lots, self.entries.values()
        waiting = [
            one for one in everybody if one.behind is not None and one.status is Status.ENTERED
            and any(one.people <= lots[prize].free for prize in one.wishes)
        ]  # fmt: skip
        may_end = end == rules.end_of_order(self.draw) or self.draw.config.prizes is not None
        behind = sorted(waiting, key=lambda one: one.behind or 0)[: self.at_once] if may_end else []
        open_ = (one for one in self.passed.values() if one.open and one.people <= lots[one.prize].free)
        passed = sorted(open_, key=lambda one: (one.round, one.rank))[: self.at_once]
        keys = {turn.entry.duplicate_key for turn in turns}
        return rules.Ahead(
            passed=passed, groups=self.entries, turns=turns, behind=behind,
            counting={key: own_id for key, own_id in self.counting.items() if key in keys},
            more_passed=len(passed) == self.at_once, more_behind=len(behind) == self.at_once, end=end,
        )  # fmt: skip

    def _turns(self) -> tuple[list[rules.Turn], int]:
        """The next few turns of prizes with free places, all in one round, and where they end."""
        pool, last = self.draw.pool, rules.end_of_order(self.draw)
        free = {prize: lot for prize, lot in self.draw.lots.items() if lot.free > 0}
        start = min((lot.reached for lot in free.values()), default=last)
        if start >= last:
            return [], last
        round_, first = divmod(start, pool.frozen)
        some = list(enumerate(self.in_order()))[first : first + self.at_once]
        end = min(last, start + len(some))
        wanted = [
            rules.Turn(round_ * pool.frozen + rank, entry) for rank, entry in some
            if (round_ == 0 and entry.duplicate_key is not None)
            or (round_ < len(entry.wishes) and entry.wishes[round_] in free)
        ]  # fmt: skip
        return [turn for turn in wanted if turn.turn < end], end

    def _follow(self) -> None:
        """Knock as long as something is due now: it must come to an end."""
        for _ in range(PATIENCE):
            if self.knock_at is None or self.knock_at > self.now:
                return
            self.knock(follow=False)
        raise AssertionError(f"still due at {self.now}: {self.draw.pool}")


def simulated(**settings: Any) -> Simulation:
    """A draw of one winner that takes entries from noon on and is drawn at `DRAWN_AT`, unless the settings say otherwise."""
    room = Simulation(make_draw(**settings))
    room.knock()
    return room


def strangers(number: int) -> Sequence[UUID]:
    """So many people."""
    return list(islice((UUID(int=0x5EED << 100 | one) for one in count(1)), number))


def _complete(room: Simulation, sent: c.CompleteWin, times: Times) -> Decision:
    named = None if sent.entry_id is None else room.entries.get(sent.entry_id)
    mine = [named] if named else [] if sent.consumer_id is None else room.mine(sent.consumer_id)
    return rules.complete(room.draw, mine, sent, times)


_Decides = Callable[[Simulation, Any, Times], Decision]
_DECIDES: dict[type[c.DrawCommand], _Decides] = {
    c.UpdateDraw: lambda room, sent, times: rules.update(room.draw, make_sequence_of_draw(), sent, times),
    c.ArchiveDraw: lambda room, sent, times: rules.archive(room.draw, sent.if_version, times),
    c.PauseDraw: lambda room, sent, times: rules.pause(room.draw, sent, times),
    c.ResumeDraw: lambda room, sent, times: rules.resume(room.draw, sent, times),
    c.KillDraw: lambda room, sent, times: rules.kill(room.draw, sent, times),
    c.LeaveDraw: lambda room, sent, times: rules.leave(room.draw, room.mine(sent.consumer_id), sent, times),
    c.DenyEntrant: lambda room, sent, times: rules.deny(room.draw, room.mine(sent.consumer_id), sent, times),
    c.ValidateWin: lambda room, sent, times: rules.validate(room.draw, room.entries.get(sent.entry_id), sent, times),
    c.CompleteWin: _complete,
}
