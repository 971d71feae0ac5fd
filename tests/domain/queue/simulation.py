"""A queue in memory: nothing but rules, a clock that is turned by hand, and timers that are never late."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from domain.decision import Decision, Event, Refused, Reply
from domain.queue import commands as c
from domain.queue import rules
from domain.queue.state import LIVE, Entry, Queue, Requeued, Status
from domain.times import Times
from tests.domain.queue.queues import NOON, make_queue, make_sequence

SLICE = 3
PATIENCE = 400


@dataclass(slots=True)
class Simulation:
    """One queue and everybody in it. Each command is a drain of its own, and a knock that is due follows at once."""

    queue: Queue
    now: datetime = NOON
    entries: dict[UUID, Entry] = field(default_factory=dict)
    second_leaves: list[Requeued] = field(default_factory=list)
    events: list[tuple[datetime, Event]] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def send(self, command: c.QueueCommand, *, command_id: UUID | None = None) -> Reply | Refused:
        """Decide a command that is received now, and whatever becomes due by it."""
        times = Times(self.now, self.now)
        self._bring_up_to_date(times)
        own_id = command_id or UUID(int=0xABC << 64 | next(self._ids))
        decision = self._decide(command, own_id, times)
        self._save(decision)
        self._serve(times)
        self._follow()
        return decision.outcome

    def knock(self) -> None:
        """Let whatever is due now be done."""
        self.send(c.KnockQueue(queue_id=self.queue.id))

    def advance(self, seconds: float) -> None:
        """Let time pass, and knock whenever that was promised."""
        until = self.now + timedelta(seconds=seconds)
        while self.queue.knock_at is not None and self.queue.knock_at <= until:
            self.now = max(self.now, self.queue.knock_at)
            self.knock()
        self.now = until

    def mine(self, consumer_id: UUID) -> list[Entry]:
        """Every participation of a person, the first first."""
        return sorted(
            (one for one in self.entries.values() if one.consumer_id == consumer_id), key=lambda one: one.first_ticket
        )

    def live(self, consumer_id: UUID) -> Entry | None:
        """The live participation of a person."""
        return next((one for one in self.mine(consumer_id) if one.status in LIVE), None)

    def with_status(self, status: Status) -> list[Entry]:
        """Everybody with a status, in order of tickets."""
        return sorted((one for one in self.entries.values() if one.status is status), key=lambda one: one.ticket)

    def happened(self, kind: type[Event]) -> list[Any]:
        """The events of a sort."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def _decide(self, command: c.QueueCommand, own_id: UUID, times: Times) -> Decision:
        if isinstance(command, c.EnterQueue):
            return rules.enter(self.queue, self.mine(command.consumer_id), own_id, command, times)
        if isinstance(command, c.KnockQueue):
            return Decision(Reply())
        return _DECIDES[type(command)](self, command, times)

    def _save(self, decision: Decision) -> None:
        for state in decision.saves:
            if isinstance(state, Queue):
                self.queue = state
            elif isinstance(state, Entry):
                self.entries[state.id] = state
            else:
                assert isinstance(state, Requeued)
                self.second_leaves.append(state)
        self.events += [(self.now, event) for event in decision.events]

    def _bring_up_to_date(self, times: Times) -> None:
        self._save(rules.open_if_due(self.queue, times))
        self._save(rules.resume_if_due(self.queue, times))
        over = times.received_at - timedelta(seconds=self.queue.config.completion_grace_seconds)
        over -= self.queue.most_promised
        granted = sorted(self.with_status(Status.GRANTED), key=lambda one: one.expires_at or NOON)
        lapsed = [one for one in granted if one.expires_at is not None and one.expires_at <= over][:SLICE]
        if self.queue.line.lapse_at is not None and self.queue.line.lapse_at <= over:
            left = [one.expires_at for one in granted if one not in lapsed]
            self._save(rules.lapse(self.queue, lapsed, min((end for end in left if end), default=None), times))

    def _serve(self, times: Times) -> None:
        if self.queue.config.open_at is None:
            self._save(rules.open_if_due(self.queue, times))
        if self.queue.extensions:
            awaited = filter(self.queue.extensions[0].awaits, self.entries.values())
            live = sorted(awaited, key=lambda one: (one.granted_at or NOON, one.id))[:SLICE]
            self._save(rules.extend(self.queue, live, ended=len(live) < SLICE))
        self._turn_away(times)
        filled, room = rules.room(self.queue, times.now)
        if room or filled.line.head_stale:
            called, head = self._next(min(room, SLICE))
            self._save(rules.call_next(filled, called, head, times.now))
        else:
            self.queue = filled
        self.queue = replace(self.queue, knock_at=rules.next_knock(self.queue, times.now))

    def _turn_away(self, times: Times) -> None:
        reason = rules.denial_of_the_waiting(self.queue, times.now)
        idle = self.queue.config.idle_timeout_seconds
        if reason is not None:
            self._save(rules.turn_away(self.queue, self.with_status(Status.QUEUED)[:SLICE], reason, times.now))
        elif self.queue.ended is not None and self.queue.ended.revoke_grants:
            inside = self.with_status(Status.GRANTED)[:SLICE]
            self._save(rules.turn_away(self.queue, inside, "QUEUE_CLOSED", times.now))
        elif idle is not None:
            looked, since = rules.look_for_idle(self.queue, times)
            waiting = self.with_status(Status.QUEUED) if since else []
            gone = [one for one in waiting if since and one.seen_at is not None and one.seen_at <= since]
            self._save(rules.turn_away(looked, gone, "IDLE_TIMEOUT", times.now))

    def _next(self, wanted: int) -> tuple[list[Entry], int]:
        line = self.queue.line
        waiting = sorted(self.with_status(Status.QUEUED), key=lambda one: line.rank_of(one.ticket))
        rest = waiting[wanted:]
        return waiting[:wanted], line.rank_of(rest[0].ticket) if rest else line.tickets

    def _follow(self) -> None:
        """Knock as long as something is due now: it must come to an end."""
        for _ in range(PATIENCE):
            if self.queue.knock_at is None or self.queue.knock_at > self.now:
                return
            self._bring_up_to_date(Times(self.now, self.now))
            self._serve(Times(self.now, self.now))
        raise AssertionError(f"still due at {self.now}: {self.queue.line}")


def simulated(**settings: Any) -> Simulation:
    """A queue of a person a second that was opened at noon, unless the settings say otherwise."""
    return Simulation(make_queue(**settings))


def _entry(room: Simulation, entry_id: UUID | None) -> Entry | None:
    return None if entry_id is None else room.entries.get(entry_id)


def _complete(room: Simulation, sent: c.CompleteGrant, times: Times) -> Decision:
    named = _entry(room, sent.entry_id)
    mine = [named] if named else [] if sent.consumer_id is None else room.mine(sent.consumer_id)
    return rules.complete(room.queue, mine, sent, times)


_Decides = Callable[[Simulation, Any, Times], Decision]
_DECIDES: dict[type[c.QueueCommand], _Decides] = {
    c.UpdateQueue: lambda room, sent, times: rules.update(room.queue, make_sequence(), sent, times),
    c.ArchiveQueue: lambda room, sent, times: rules.archive(room.queue, sent.if_version, times),
    c.PauseQueue: lambda room, sent, times: rules.pause(room.queue, sent, times),
    c.ResumeQueue: lambda room, sent, times: rules.resume(
        room.queue, [one for one in room.with_status(Status.GRANTED) if one.granted_at == times.now], sent, times
    ),
    c.KillQueue: lambda room, sent, times: rules.kill(room.queue, sent, times),
    c.LeaveQueue: lambda room, sent, times: rules.leave(room.queue, room.mine(sent.consumer_id), sent, times),
    c.AdmitEntry: lambda room, sent, times: rules.admit(room.queue, room.mine(sent.consumer_id), sent, times),
    c.DenyEntry: lambda room, sent, times: rules.deny(room.queue, room.mine(sent.consumer_id), sent, times),
    c.ValidateGrant: lambda room, sent, times: rules.validate(room.queue, _entry(room, sent.entry_id), sent, times),
    c.CompleteGrant: _complete,
    c.NotePresence: lambda room, sent, times: rules.note_presence(
        room.queue,
        [one for one in map(room.entries.get, sent.entry_ids) if one is not None and one.status is Status.QUEUED],
        times,
        listened=sent.listened,
    ),
}
