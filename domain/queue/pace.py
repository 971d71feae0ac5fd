"""How fast a queue lets people in: a token bucket in whole numbers, filled at the ticks of the batch interval.

Credit is counted in sixty-millionths of a grant, because a rate per minute times an elapsed time in microseconds
is exactly that: no fraction is ever rounded away, so 90 a minute is 90 a minute at any interval.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.queue.config import QueueConfig

GRANT = 60_000_000
_MICROSECOND = timedelta(microseconds=1)


def share(config: QueueConfig) -> int:
    """The credit of one interval."""
    return config.admit_rate * config.batch_interval_seconds * 1_000_000


def most(config: QueueConfig) -> int:
    """The most credit that can be saved: admitBurst, else one interval's share and the fraction left over from it."""
    return max((config.admit_burst or 0) * GRANT, share(config) + GRANT - 1)


def first(config: QueueConfig) -> int:
    """The credit at the opening: one interval's share, and at least one grant, so that opening lets somebody in."""
    return max(share(config), GRANT)


def tick_after(config: QueueConfig, opened_at: datetime, now: datetime) -> datetime:
    """The first tick later than now. Ticks are whole intervals since the opening."""
    interval = timedelta(seconds=config.batch_interval_seconds)
    return opened_at + ((now - opened_at) // interval + 1) * interval


def filled(config: QueueConfig, credit: int, opened_at: datetime, since: datetime, now: datetime) -> int:
    """The credit at `now`, when it was `credit` at `since`: one share for each tick between, up to the most.

    More than the most is not kept either when the settings came down meanwhile.
    """
    interval = timedelta(seconds=config.batch_interval_seconds)
    ticks = (now - opened_at) // interval - (since - opened_at) // interval
    return min(credit + max(ticks, 0) * share(config), most(config))


def enough_at(config: QueueConfig, credit: int, opened_at: datetime, now: datetime) -> datetime:
    """The tick at which there is credit for one grant."""
    if credit >= GRANT:
        return now
    shares = -(-(GRANT - credit) // share(config))
    return tick_after(config, opened_at, now) + (shares - 1) * timedelta(seconds=config.batch_interval_seconds)
