"""What a run of the crowd is to be: whom it visits, how many people, how fast, and the launch it asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.times import iso

SHORTEST_LIVE_GRANT = 60
DOORS_OPEN_AT = 0.05
"""Share of the run after which entering is allowed: the first few come too early and are told when to come back."""


@dataclass(frozen=True, slots=True)
class CrowdPlan:
    """One run. `duration` is in seconds and holds all arrivals; serving the line takes about as long again.

    `queue_id` names a queue that exists; None asks for a fresh launch by the Admin API. `host` is the domain
    behind `consumer.` and `admin.` Host headers; None uses the path prefixes.
    """

    url: str
    publishable_key: str
    secret_key: str
    people: int = 5000
    duration: float = 30.0
    seed: int = 1
    queue_id: str | None = None
    host: str | None = None
    connections: int = 256
    listeners: int = 200
    grant_seconds: int = 5
    grace_seconds: int = 1

    @property
    def admit_rate(self) -> int:
        """Grants per minute that serve everybody in about `duration` seconds."""
        return min(600_000, max(60, math.ceil(self.people / self.duration * 60)))

    @property
    def max_active_grants(self) -> int:
        """So many inside that the bound is met now and then: a second and three quarters' worth of grants."""
        return max(5, math.ceil(self.admit_rate / 60 * 1.75))

    @property
    def longest_run(self) -> float:
        """Seconds after which whoever is still there goes home: a run that hangs is a finding, not a wait."""
        return self.duration * 4 + 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the two APIs are dialled, and the Host header each needs, if any."""

    consumer: str
    admin: str
    key_sets: tuple[str, ...]
    consumer_headers: dict[str, str]
    admin_headers: dict[str, str]


def address_of(plan: CrowdPlan) -> Address:
    """The path prefixes on any host, or the two host names over one dialled address."""
    root = plan.url.rstrip("/")
    if plan.host is None:
        key_sets = (f"{root}/.well-known/jwks.json", f"{root}/consumer/.well-known/jwks.json")
        return Address(f"{root}/consumer/api/v1", f"{root}/admin/api/v1", key_sets, {}, {})
    consumer, admin = {"Host": f"consumer.{plan.host}"}, {"Host": f"admin.{plan.host}"}
    return Address(f"{root}/api/v1", f"{root}/api/v1", (f"{root}/.well-known/jwks.json",), consumer, admin)


def queue_settings(plan: CrowdPlan, sequence_id: str, start: datetime, wall: float) -> dict[str, Any]:
    """The queue of a fresh launch: it opens at the wall of the curve, when most have come and wait.

    A live key may not give grants of less than a minute, so a live run takes longer.
    """
    live = plan.secret_key.startswith("dr_sk_live_")
    return {
        "sequenceId": sequence_id,
        "name": f"The crowd of {plan.people}",
        "entryOpenAt": iso(start + timedelta(seconds=plan.duration * DOORS_OPEN_AT)),
        "openAt": iso(start + timedelta(seconds=plan.duration * wall)),
        "admitRate": plan.admit_rate,
        "maxActiveGrants": plan.max_active_grants,
        "admissionExpirationSeconds": max(SHORTEST_LIVE_GRANT, plan.grant_seconds) if live else plan.grant_seconds,
        "completionGraceSeconds": plan.grace_seconds,
    }
