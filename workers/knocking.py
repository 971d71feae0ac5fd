"""Knocks: what is due in a distribution by itself is done when somebody knocks, and that is promised for when it is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from domain.command import Command
from domain.decision import Timer
from domain.times import Times
from store.database import ledger_now
from store.repositories.base import Repository
from store.work import Work
from workers.handlers import AGAIN_AFTER


class Knocked(Protocol):
    """A distribution that can be knocked at. It remembers when that was promised."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def knock_at(self) -> datetime | None:
        """When somebody was promised to knock."""


A = TypeVar("A", bound=Knocked)


@dataclass(frozen=True, slots=True)
class Knocking(Generic[A]):
    """How the distributions of a kind are knocked at.

    `command` makes the knock, by id and whether it comes after a slice. `due` is when the first thing is due: `by_receipt`
    the first that only a command can bring about which came by then, `by_now` the first that any command brings about.
    """

    kept: Callable[[Work], Repository[UUID, A]]
    command: Callable[[UUID, bool], Command]
    due: Callable[[A, datetime], datetime | None]
    by_receipt: Callable[[A], datetime | None]
    by_now: Callable[[A, datetime], datetime | None]

    def promise(
        self, work: Work, one: A, times: Times, *, after_slice: bool, not_before: datetime | None = None
    ) -> None:
        """Have it knocked at when the next thing is due, but `not_before`: at once by a command of our own, later by a timer."""
        due = self.due(one, times.now)
        if due is not None and not_before is not None:
            due = max(due, not_before)
        if due is not None and one.id in work.broken:
            due = max(due, times.now + AGAIN_AFTER)
        if due is not None and due <= times.now and self._can_be_done(work, one, times.now):
            work.follow(self.command(one.id, after_slice), hops=0)
            due = None
        # Because the timer is gone that knocked: when it came before its time, as it does to a clock that was set back just
        # then, what it promised is still to come.
        if due != one.knock_at or (due is not None and one.id in work.knocked):
            self.kept(work).put(replace(one, knock_at=due))
            work.set_timer(self.timer(one.id, due))

    def again(self, work: Work, own_id: UUID, at: datetime) -> None:
        """Promise a knock at a moment, whatever was promised before: what was due broke, and nothing else would try it again."""
        one = self.kept(work).get(own_id)
        if one is not None:
            self.kept(work).put(replace(one, knock_at=at))
            work.set_timer(self.timer(own_id, at))

    def timer(self, own_id: UUID, at: datetime | None) -> Timer:
        """The promise of a knock; None cancels it."""
        return Timer(own_id, "knock", at, self.command(own_id, False))  # noqa: FBT003 (not after a slice)

    def _can_be_done(self, work: Work, one: A, now: datetime) -> bool:
        """Whether a knock that came now would bring about what is due.

        When the ledger's clock was set back, `now` stands still until it is reached again, but commands come with the time
        that the clock says: to knock before a deadline by that time, again and again, would change nothing. A timer waits.
        """
        by_now, by_receipt = self.by_now(one, now), self.by_receipt(one)
        if by_now is not None and by_now <= now:
            return True
        return by_receipt is not None and by_receipt <= ledger_now(work.connection)
