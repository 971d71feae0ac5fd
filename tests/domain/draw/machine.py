"""A handful of people do whatever people do, in any order; the same steps for every way of running a draw."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.distribution.state import Scope
from domain.draw import commands as c
from domain.draw.state import Status
from tests.domain.draw.invariants import Seen, check, check_between, check_rest

PEOPLE = tuple(UUID(int=0x5EED << 100 | number) for number in range(10))
KEYS = (None, None, None, bytes([1]) * 32, bytes([2]) * 32)
people = st.sampled_from(PEOPLE)


class Room(Protocol):
    """A draw in which things can be done."""

    @property
    def draw_id(self) -> UUID:
        """The draw."""

    def send(self, command: c.DrawCommand, *, command_id: UUID | None = None) -> str | None:
        """Have a command decided; the code of its refusal, if it is one."""

    def send_together(self, commands: Sequence[c.DrawCommand]) -> None:
        """Have commands decided that came in one batch, or between the slices of something."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def seen(self) -> Seen:
        """Everything there is now."""

    def over(self) -> bool:
        """Whether the time of promotions is over."""


@st.composite
def settings_of_a_draw(draw: st.DrawFn) -> dict[str, Any]:
    """Settings under which much happens to ten people in an hour. Dates are seconds from now."""
    winners = draw(st.integers(1, 5))
    prizes = draw(st.none() | st.integers(1, winners).map(lambda places: prizes_of(places, winners)))
    return {
        "open_at": draw(st.none() | st.none() | st.just(30)), "close_at": draw(st.none() | st.just(300)), "draw_at": 600,
        "claim_close_at": draw(st.none() | st.just(1500)), "winner_count": winners, "prizes": prizes,
        "capacity": draw(st.none() | st.none() | st.integers(winners, 8)),
        "continue_selecting_until_completed": draw(st.sampled_from([True, True, True, False])),
        "alternate_count": draw(st.none() | st.none() | st.integers(0, 4)) if prizes is None else None,
        "on_expiry": draw(st.sampled_from(["deny", "requeue"])), "requeue_limit": draw(st.integers(1, 2)),
        "admission_expiration_seconds": draw(st.sampled_from([60, 300])),
        "completion_grace_seconds": draw(st.sampled_from([0, 5])),
        "max_tickets_per_entry": draw(st.sampled_from([1, 9])), "max_people_per_entry": draw(st.sampled_from([1, 3])),
        "max_validations": draw(st.integers(1, 3)),
    }  # fmt: skip


def prizes_of(places: int, in_all: int) -> list[dict[str, Any]]:
    """A prize of so many places, and one of what is left, if anything is."""
    sizes = {"stalls": places, "balcony": in_all - places}
    return [{"name": name, "places": size} for name, size in sizes.items() if size]


class Tombola(RuleBasedStateMachine):
    """One draw. After each step everything that must hold is looked at."""

    room: Room

    @abstractmethod
    def make_room(self, settings: dict[str, Any]) -> Room:
        """A new draw."""

    @initialize(settings=settings_of_a_draw())
    def begin(self, settings: dict[str, Any]) -> None:
        """A draw is made."""
        self.room, self.settings = self.make_room(settings), settings
        self.last = self.room.seen()
        self.orders = 0
        check(self.last)

    @rule(
        who=people, tickets=st.integers(1, 9), size=st.integers(1, 3), key=st.sampled_from(KEYS), wish=st.integers(0, 3)
    )
    def enter(self, who: UUID, tickets: int, size: int, key: bytes | None, wish: int) -> None:
        """Somebody enters, perhaps once more, perhaps asking for too much."""
        self._do(self._entering(who, tickets, size, key, wish))

    @precondition(lambda self: self.last.draw.pool.sealed_at is None)
    @rule(sizes=st.lists(st.integers(1, 3), min_size=4, max_size=10))
    def many_enter(self, sizes: list[int]) -> None:
        """So many enter as one."""
        most = self.settings["max_people_per_entry"]
        self.room.send_together(
            [
                self._entering(who, 1, min(size, most), KEYS[size], size)
                for who, size in zip(PEOPLE, sizes, strict=False)
            ]
        )  # fmt: skip
        self._look()

    @rule(which=st.integers(0, 50))
    def enter_by_the_same_command_again(self, which: int) -> None:
        """Nothing comes of a second copy, whatever has become of the first."""
        if self.last.entries:
            entry = self.last.entries[which % len(self.last.entries)]
            before = len(self.last.entries)
            again = c.EnterDraw(draw_id=self.room.draw_id, consumer_id=entry.consumer_id)
            assert self._do(again, command_id=entry.id) is None
            assert len(self.last.entries) == before

    @rule(asked=st.lists(st.tuples(st.sampled_from("eelldcck"), people), min_size=2, max_size=8))
    def much_happens_at_once(self, asked: list[tuple[str, UUID]]) -> None:
        """Several people do several things in one moment, some of them more than one."""
        self.orders += 1
        self.room.send_together([self._asked(what, who) for what, who in asked])
        self._look()

    @rule(who=people)
    def leave(self, who: UUID) -> None:
        """Somebody leaves, or gives a win back."""
        self._do(self._asked("l", who))

    @rule(who=people)
    def deny(self, who: UUID) -> None:
        """Somebody is refused."""
        self._do(self._asked("d", who))

    @precondition(lambda self: self.last.with_status(Status.WON))
    @rule(which=st.integers(0, 9), leaves=st.booleans())
    def a_winner_goes_or_buys(self, which: int, leaves: bool) -> None:  # noqa: FBT001 (drawn by name)
        """One of the winners buys, or gives it back."""
        won = self.last.with_status(Status.WON)
        self.orders += 1
        self._do(self._asked("l" if leaves else "c", won[which % len(won)].consumer_id))

    @precondition(lambda self: self.last.with_status(Status.WON))
    @rule(which=st.integers(0, 9))
    def validate(self, which: int) -> None:
        """A shop asks about a win."""
        won = self.last.with_status(Status.WON)
        entry = won[which % len(won)]
        assert entry.grant_id is not None
        self._do(c.ValidateWin(draw_id=self.room.draw_id, entry_id=entry.id, grant_id=entry.grant_id))

    @rule(seconds=st.sampled_from([1, 31, 66, 310, 600]))
    def let_time_pass(self, seconds: float) -> None:
        """Time passes."""
        self.room.advance(seconds)
        self._look()

    @rule(really=st.integers(0, 3), scope=st.sampled_from(Scope))
    def pause(self, really: int, scope: Scope) -> None:
        """Now and then the draw is held."""
        if really == 3:
            self._do(c.PauseDraw(draw_id=self.room.draw_id, scope=scope))

    @precondition(lambda self: self.last.draw.pause is not None)
    @rule(shift=st.booleans())
    def resume(self, shift: bool) -> None:  # noqa: FBT001 (drawn by name)
        """The draw goes on."""
        self._do(c.ResumeDraw(draw_id=self.room.draw_id, shift_schedule=shift))

    @rule(winners=st.integers(1, 6))
    def change_how_many_win(self, winners: int) -> None:
        """That may change as long as nobody has entered."""
        refused = self._do(c.UpdateDraw(draw_id=self.room.draw_id, changes={"winnerCount": winners, "name": "Other"}))
        assert refused is not None or not self.last.entries or winners == self.last.draw.config.winner_count

    @rule(really=st.integers(0, 9), revoke=st.booleans())
    def kill(self, really: int, revoke: bool) -> None:  # noqa: FBT001 (drawn by name)
        """Now and then the draw ends."""
        if really == 7:
            self._do(c.KillDraw(draw_id=self.room.draw_id, reason="fire", revoke_grants=revoke))

    def _entering(
        self, who: UUID, tickets: int = 1, size: int = 1, key: bytes | None = None, wish: int = 0
    ) -> c.EnterDraw:
        fine = min(tickets, self.settings["max_tickets_per_entry"])
        asked = c.EnterDraw(draw_id=self.room.draw_id, consumer_id=who, tickets=fine, people=size)
        return asked.model_copy(update={"duplicate_key": key, "preferences": self._preferred(wish)})

    def _preferred(self, wish: int) -> tuple[str, ...] | None:
        names = [prize["name"] for prize in self.settings["prizes"] or ()]
        some = names[::-1] if wish % 2 else names
        return tuple(some[:1] if wish > 1 else some) or None

    def _asked(self, what: str, who: UUID) -> c.DrawCommand:
        named: dict[str, Any] = {"draw_id": self.room.draw_id, "consumer_id": who}
        match what:
            case "e":
                return c.EnterDraw(**named, preferences=self._preferred(0))
            case "l":
                return c.LeaveDraw(**named)
            case "d":
                return c.DenyEntrant(**named, reason="ADMIN_ACTION")
            case "k":
                return c.KnockDraw(draw_id=self.room.draw_id)
            case _:
                return c.CompleteWin(**named, order_id=str(self.orders))

    def _do(self, command: c.DrawCommand, *, command_id: UUID | None = None) -> str | None:
        refused = self.room.send(command, command_id=command_id)
        self._look()
        return refused

    def _look(self) -> None:
        now = self.room.seen()
        check_between(self.last, now)
        check_rest(now, held=now.draw.paused(Scope.SERVICE), over=self.room.over())
        self.last = now
