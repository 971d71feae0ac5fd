"""A handful of people do whatever people do, in any order; the same steps for every way of running a queue."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.distribution.state import Scope
from domain.queue import commands as c
from domain.queue.state import Status
from tests.domain.queue.invariants import Seen, check, check_between, check_rest

PEOPLE = tuple(UUID(int=0x5EED << 100 | number) for number in range(6))
people = st.sampled_from(PEOPLE)


class Room(Protocol):
    """A queue in which things can be done."""

    @property
    def queue_id(self) -> UUID:
        """The queue."""

    def send(self, command: c.QueueCommand, *, command_id: UUID | None = None) -> str | None:
        """Have a command decided; the code of its refusal, if it is one."""

    def send_together(self, commands: Sequence[c.QueueCommand]) -> None:
        """Have commands decided that came in one batch."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def seen(self) -> Seen:
        """Everything there is now."""


@st.composite
def settings_of_a_queue(draw: st.DrawFn) -> dict[str, Any]:
    """Settings under which much happens to six people in minutes. Dates are seconds from now."""
    small = st.integers(1, 5)
    opens = draw(st.none() | st.sampled_from([30, 600]))
    closes = draw(st.none() | st.none() | st.sampled_from([900, 2000]))
    service = draw(st.none() | st.just(2500)) if closes else None
    return {
        "open_at": opens, "close_at": closes, "service_close_at": service,
        "admit_rate": draw(st.sampled_from([1, 7, 60, 90, 600])),
        "batch_interval_seconds": draw(st.sampled_from([1, 1, 5])),
        "admit_burst": draw(st.none() | small),
        "capacity": draw(st.none() | small), "max_active_grants": draw(st.none() | small),
        "max_admissions": draw(st.none() | small), "max_completions_per_consumer": draw(st.sampled_from([1, 1, 2])),
        "on_expiry": draw(st.sampled_from(["deny", "requeue"])), "requeue_limit": draw(st.integers(1, 2)),
        "admission_expiration_seconds": draw(st.sampled_from([20, 300])),
        "completion_grace_seconds": draw(st.sampled_from([0, 5])),
        "idle_timeout_seconds": draw(st.none() | st.none() | st.just(120)),
        "max_validations": draw(small),
    }  # fmt: skip


class WaitingRoom(RuleBasedStateMachine):
    """One queue. After each step everything that must hold is looked at."""

    room: Room

    @abstractmethod
    def make_room(self, settings: dict[str, Any]) -> Room:
        """A new queue."""

    @initialize(settings=settings_of_a_queue())
    def begin(self, settings: dict[str, Any]) -> None:
        """A queue is made."""
        self.room = self.make_room(settings)
        self.last = self.room.seen()
        self.orders = 0
        check(self.last)

    @rule(who=people, guest=st.booleans())
    def enter(self, who: UUID, guest: bool) -> None:  # noqa: FBT001 (drawn by name)
        """Somebody joins, perhaps once more."""
        self._do(c.EnterQueue(queue_id=self.room.queue_id, consumer_id=who, is_guest=guest))

    @rule(asked=st.lists(st.tuples(st.sampled_from("eeelladc"), people), min_size=2, max_size=8))
    def much_happens_at_once(self, asked: list[tuple[str, UUID]]) -> None:
        """Several people do several things in one moment, some of them more than one."""
        self.orders += 1
        self.room.send_together([self._asked(what, who) for what, who in asked])
        self._look()

    @rule(which=st.integers(0, 50))
    def enter_by_the_same_command_again(self, which: int) -> None:
        """Nothing comes of a second copy, whatever has become of the first."""
        if self.last.entries:
            entry = self.last.entries[which % len(self.last.entries)]
            again = c.EnterQueue(queue_id=self.room.queue_id, consumer_id=entry.consumer_id)
            before = len(self.last.entries)
            assert self._do(again, command_id=entry.id) is None
            assert len(self.last.entries) == before

    @rule(who=people)
    def leave(self, who: UUID) -> None:
        """Somebody leaves, or gives the grant back."""
        self._do(c.LeaveQueue(queue_id=self.room.queue_id, consumer_id=who))

    @rule(who=people)
    def admit(self, who: UUID) -> None:
        """Somebody is let in out of turn."""
        self._do(c.AdmitEntry(queue_id=self.room.queue_id, consumer_id=who))

    @rule(who=people)
    def deny(self, who: UUID) -> None:
        """Somebody is refused."""
        self._do(c.DenyEntry(queue_id=self.room.queue_id, consumer_id=who, reason="ADMIN_ACTION"))

    @rule(who=people, again=st.booleans())
    def complete(self, who: UUID, again: bool) -> None:  # noqa: FBT001 (drawn by name)
        """Somebody buys, perhaps with the order of before."""
        self.orders += not again
        self._do(c.CompleteGrant(queue_id=self.room.queue_id, consumer_id=who, order_id=str(self.orders)))

    @precondition(lambda self: self.last.with_status(Status.GRANTED))
    @rule(which=st.integers(0, 5))
    def complete_by_the_grant(self, which: int) -> None:
        """Somebody shows the grant and buys."""
        inside = self.last.with_status(Status.GRANTED)
        entry = inside[which % len(inside)]
        self.orders += 1
        own_id, order = self.room.queue_id, str(self.orders)
        self._do(c.CompleteGrant(queue_id=own_id, entry_id=entry.id, grant_id=entry.grant_id, order_id=order))

    @precondition(lambda self: self.last.with_status(Status.GRANTED))
    @rule(which=st.integers(0, 5))
    def validate(self, which: int) -> None:
        """A shop asks about a grant."""
        inside = self.last.with_status(Status.GRANTED)
        entry = inside[which % len(inside)]
        assert entry.grant_id is not None
        self._do(c.ValidateGrant(queue_id=self.room.queue_id, entry_id=entry.id, grant_id=entry.grant_id))

    @rule(several=st.sets(people, max_size=4))
    def poll(self, several: set[UUID]) -> None:
        """Some of those who wait look."""
        seen = tuple(entry.id for entry in self.last.with_status(Status.QUEUED) if entry.consumer_id in several)
        self._do(c.NotePresence(queue_id=self.room.queue_id, entry_ids=seen, listened=True))

    @rule(seconds=st.sampled_from([0.3, 1, 2, 5, 21, 60, 400]))
    def let_time_pass(self, seconds: float) -> None:
        """Time passes."""
        self.room.advance(seconds)
        self._look()

    @rule()
    def nobody_looks(self) -> None:
        """Gateways listen for longer than anybody is waited for, and see nobody."""
        for _ in range(7):
            self._do(c.NotePresence(queue_id=self.room.queue_id, entry_ids=(), listened=True))
            self.room.advance(20)
        self._look()

    @rule(scope=st.sampled_from(Scope))
    def pause(self, scope: Scope) -> None:
        """The queue is held."""
        self._do(c.PauseQueue(queue_id=self.room.queue_id, scope=scope))

    @rule(longer=st.sampled_from([0, 0, 30]), shift=st.booleans())
    def resume(self, longer: int, shift: bool) -> None:  # noqa: FBT001 (drawn by name)
        """The queue goes on."""
        going = c.ResumeQueue(queue_id=self.room.queue_id, extend_grants_seconds=longer, shift_schedule=shift)
        self._do(going)

    @rule(name=st.sampled_from(["capacity", "maxActiveGrants", "maxAdmissions"]), to=st.none() | st.integers(1, 6))
    def change_a_limit(self, name: str, to: int | None) -> None:
        """A limit moves or falls."""
        self._do(c.UpdateQueue(queue_id=self.room.queue_id, changes={name: to}))

    @rule(seconds=st.sampled_from([None, 60, 120]))
    def change_the_patience(self, seconds: int | None) -> None:
        """Those who do not look are waited for longer, shorter, or for ever."""
        self._do(c.UpdateQueue(queue_id=self.room.queue_id, changes={"idleTimeoutSeconds": seconds}))

    @rule(rate=st.sampled_from([1, 60, 600]), interval=st.sampled_from([1, 3]))
    def change_the_pace(self, rate: int, interval: int) -> None:
        """It gets faster or slower."""
        changes = {"admitRate": rate, "batchIntervalSeconds": interval}
        self._do(c.UpdateQueue(queue_id=self.room.queue_id, changes=changes))

    @rule(really=st.integers(0, 3), revoke=st.booleans())
    def kill(self, really: int, revoke: bool) -> None:  # noqa: FBT001 (drawn by name)
        """Now and then the queue ends."""
        if really == 0:
            self._do(c.KillQueue(queue_id=self.room.queue_id, reason="fire", revoke_grants=revoke))

    def _asked(self, what: str, who: UUID) -> c.QueueCommand:
        named: dict[str, Any] = {"queue_id": self.room.queue_id, "consumer_id": who}
        match what:
            case "e":
                return c.EnterQueue(**named)
            case "l":
                return c.LeaveQueue(**named)
            case "a":
                return c.AdmitEntry(**named)
            case "d":
                return c.DenyEntry(**named, reason="ADMIN_ACTION")
            case _:
                return c.CompleteGrant(**named, order_id=str(self.orders))

    def _do(self, command: c.QueueCommand, *, command_id: UUID | None = None) -> str | None:
        refused = self.room.send(command, command_id=command_id)
        self._look()
        return refused

    def _look(self) -> None:
        now = self.room.seen()
        check(now)
        check_between(self.last, now)
        check_rest(now)
        self.last = now
