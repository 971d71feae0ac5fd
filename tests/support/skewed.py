"""Clocks of other machines, for processes that are started with `tests.support.inside.inside`.

What measures durations stays right.
"""

from datetime import UTC, datetime, timedelta

import time_machine

AHEAD = timedelta(seconds=90)


def ahead() -> None:
    """From now on this process's clock is ninety seconds ahead of everybody's."""
    off_by(AHEAD)


def off_by(skew: timedelta) -> None:
    """From now on this process's clock is off by so much."""
    time_machine.travel(datetime.now(UTC) + skew, tick=True).start()
