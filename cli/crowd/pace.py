"""When a waiting person looks again: as the server hints, or sooner where the crowd's short grants demand it.

A grant of a real launch lives for minutes and the hints are made for that; a demo's lives for seconds.
"""

from __future__ import annotations

from random import Random

from cli.crowd.story import Seen

SOONEST = 0.7
"""No person looks more often than this, in seconds, whatever the server hints."""

EARLY = 0.8
"""Share of the expected wait after which to look: lines move faster when people give up."""

AFTER_OPENING = 2.5
"""People look for their place within so many seconds of the opening, not all at once."""

UNKNOWN = 2.0
"""Seconds between looks when nothing tells how long it will take."""


def next_look(seen: Seen, to_opening: float | None, per_second: float, chance: Random) -> float:
    """Seconds until this person's next look.

    `to_opening` is in seconds, None for a queue without an opening; `per_second` is the fastest the line can move.
    """
    hint = seen.poll_after * (1 + 0.2 * chance.random())
    return max(SOONEST, min(hint, _due(seen, to_opening, per_second, chance)))


def _due(seen: Seen, to_opening: float | None, per_second: float, chance: Random) -> float:
    if seen.pre_open:
        return max(0.0, to_opening or 0.0) + AFTER_OPENING * chance.random()
    if seen.position is None:
        return UNKNOWN
    fastest = seen.position / per_second
    return EARLY * (fastest if seen.estimate is None else min(fastest, seen.estimate))
