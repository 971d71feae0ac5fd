"""What a drain talks to besides the ledger and the clock. Both may be away or lose what they are told, without harm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from workers.decide import Decided


class Bell(Protocol):
    """Wakes whoever drains a partition, and tells a drain that lingers of more.

    `ring` raises nothing; the others raise `runtime.bell.UNHEARD` where Redis or the broker is away.
    """

    def ring(self, places: Iterable[tuple[str, int]]) -> None:
        """Wake the drain of each partition, soon; returns at once."""
        ...

    def ring_now(self, topic: str, part: int) -> None:
        """Ring whatever the bell key says."""
        ...

    def lingers(self, topic: str, part: int) -> bool:
        """Wait a little for the next nudge; whether one came."""
        ...

    def lower(self, topic: str, part: int) -> None:
        """From now on a ring sends a message again."""
        ...


class Replies(Protocol):
    """Tells, after the commit, those who wait. Nothing is raised: whoever cannot be told looks it up."""

    def publish(self, decided: Decided) -> None:
        """Answers, to the gateways that wait for them."""
        ...

    def nudge_readers(self, changed: Iterable[str]) -> None:
        """That these aggregates changed."""
        ...

    def nudge_timers(self) -> None:
        """That a timer was set, which may be due before the schedulers look by themselves."""
        ...
