"""Clocks of other machines, for processes that are started with `tests.support.inside.inside`."""

from datetime import UTC, datetime, timedelta

import time_machine

AHEAD = timedelta(seconds=90)


def ahead() -> None:
    """From now on this process's clock is ninety seconds ahead of everybody's."""
    time_machine.travel(datetime.now(UTC) + AHEAD, tick=True).start()
