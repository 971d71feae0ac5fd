"""What a bell rings through, whatever server stands behind it."""

from __future__ import annotations

from abc import abstractmethod

import dramatiq
from dramatiq.middleware import Middleware, Retries, TimeLimit

from runtime.watchdog import Watchdog

LONGEST_DRAIN_MS = 60_000


class Ringer(dramatiq.Broker):
    """A broker of dramatiq that carries rings only, and can say how it stands.

    Whatever it cannot do it says by a DramatiqError, an OSError or an error of the server's client, and soon.
    """

    @abstractmethod
    def waiting(self, queue: str) -> int:
        """How many rings lie unheard in this queue."""

    @abstractmethod
    def takes_rings(self, queue: str, /) -> bool:
        """Whether a ring in this queue would be taken now, and heard as far as the server knows; no is said by an error as well.

        Who answers and takes nothing rings nobody.
        """


def middleware(*extra: Middleware) -> list[Middleware]:
    """What surrounds a drain, written out.

    Retries stays, at zero, because without it a failed message counts as done. Age limits go by clients' clocks and
    shutdown notices interrupt commits, so neither is here.
    """
    return [TimeLimit(time_limit=LONGEST_DRAIN_MS), Retries(max_retries=0), Watchdog(), *extra]


def at_once(delay: int | None) -> None:
    """ValueError where a ring is to be delayed: no broker has a queue for that, because what has a date is a timer, a row."""
    if delay is not None:
        raise ValueError("nothing is delayed by the broker: timers are rows")
