"""The launch that is visited: what the crowd knows of the queue, read from the Admin API's queue object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Launch:
    """A queue's settings.

    Rates are grants per minute, durations seconds, `admit_burst` grants. `fresh` when this run made the queue.
    `opens_at` is on the server's clock, `opens_on_watch` the same moment on the crowd's stopwatch.
    """

    queue_id: str
    fresh: bool
    opens_at: datetime | None
    opens_on_watch: float | None
    admit_rate: int
    interval: timedelta
    admit_burst: float
    max_active_grants: int | None
    grant_seconds: int
    grace_seconds: int
    requeues: bool

    @property
    def per_second(self) -> float:
        """Grants per second at the most."""
        return self.admit_rate / 60

    @property
    def share(self) -> float:
        """Grants of one batch interval."""
        return self.admit_rate * self.interval.total_seconds() / 60


def launch_of(queue: Mapping[str, Any], *, fresh: bool, now: datetime, watch: float) -> Launch:
    """Reads a queue object; `now` on the server's clock and `watch` on the stopwatch are the same moment."""
    opens_at = moment(queue.get("openAt"))
    interval = timedelta(seconds=queue.get("batchIntervalSeconds") or 1)
    share = queue["admitRate"] * interval.total_seconds() / 60
    return Launch(
        queue_id=queue["id"],
        fresh=fresh,
        opens_at=opens_at,
        opens_on_watch=None if opens_at is None else watch + (opens_at - now).total_seconds(),
        admit_rate=queue["admitRate"],
        interval=interval,
        admit_burst=max(share, queue.get("admitBurst") or 0.0),
        max_active_grants=queue.get("maxActiveGrants"),
        grant_seconds=queue["admissionExpirationSeconds"],
        grace_seconds=queue["completionGraceSeconds"],
        requeues=queue.get("onExpiry") == "requeue",
    )


def moment(text: str | None) -> datetime | None:
    """An aware moment of an ISO 8601 text with Z; None of None."""
    return None if text is None else datetime.fromisoformat(text)
