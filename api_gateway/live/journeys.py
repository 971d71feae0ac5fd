"""A person's way through the queues of experiences, as `GET /consumers/me` shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import orjson

from api_gateway.live.line import Line, Standing
from api_gateway.live.links import seen_by
from api_gateway.live.state import poll_after, state_json
from domain.queue.journey import outcome, phase
from domain.queue.state import LIVE
from domain.times import iso
from store.reads.journeys import Stop, Way

IDLE_SECONDS: Final = 30
_SHOWN: Final = ("status", "participationId", "enteredAt", "position")
_ENDS: Final = ("completedAt", "deniedAt", "leftAt")


@dataclass(frozen=True)
class Look:
    """Where a person stands in one queue, at a moment."""

    stop: Stop
    line: Line
    standing: Standing
    now: datetime

    @cached_property
    def state(self) -> dict[str, Any]:
        """The state object."""
        state: dict[str, Any] = orjson.loads(state_json(self.line, self.standing, self.now))
        return state

    @property
    def live(self) -> bool:
        """Whether the person takes part now."""
        return self.state["status"] in LIVE

    @property
    def version(self) -> int:
        """Grows with every change of what the person has in this queue."""
        return self.stop.version_with(self.standing.entry_id, self.state["stateVersion"])

    def item(self) -> dict[str, Any]:
        """The queue and the person in it, for a page that shows one thing at a time."""
        where = phase(
            self.state["status"], self.line.lifecycle(self.now),
            entries_open=seen_by(self.line, self.standing, self.now).entries_open,
        )  # fmt: skip
        item = {
            "phase": where,
            "mechanism": "queue",
            "distribution": self._distribution(),
            "consumer": self._consumer(),
        }
        return item | self._grant() | (self._outcome() if where == "ended" else {})

    def _distribution(self) -> dict[str, Any]:
        line, config = self.line, self.line.config
        return {
            "type": "queue", "id": line.queue_id, "sequenceId": line.sequence_id,
            "lifecycle": line.lifecycle(self.now).value, "paused": line.pause is not None,
            "opensAt": iso(config.open_at if config else None), "closesAt": iso(config.close_at if config else None),
            "startsAt": iso(config.entries_from if config else None),
            "settlesAt": iso(config.service_close_at if config else None),
            "details": {},
        }  # fmt: skip

    def _consumer(self) -> dict[str, Any]:
        shown = {name: self.state.get(name) for name in _SHOWN}
        return shown | {"grantedAt": iso(self.stop.granted_at), "deniedReason": self.state.get("reason")}

    def _grant(self) -> dict[str, Any]:
        if "admissionGrant" not in self.state:
            return {}
        told = {
            "token": self.state["admissionGrant"], "grantId": self.state["grantId"], "distributionType": "queue",
            "distributionId": self.line.queue_id, "sequenceId": self.line.sequence_id,
            "experienceId": self.line.experience_id, "issuedAt": iso(self.stop.granted_at),
            "expiresAt": self.state["expiresAt"],
        }  # fmt: skip
        return {"grant": told}

    def _outcome(self) -> dict[str, Any]:
        closes = self.line.config.close_at if self.line.config else None
        closed = iso(self.line.turned_away(self.now) or closes)
        ended = next((self.state[name] for name in _ENDS if self.state.get(name)), closed)
        reason = self.state.get("reason")
        return {"outcome": {"type": outcome(self.state["status"], reason), "reason": reason, "at": ended}}


def projection(person: dict[str, Any], way: Way, looks: list[Look], now: datetime) -> dict[str, Any]:
    """Everything that a person takes part in, and the way through each experience."""
    active = [look for look in looks if look.live]
    none: dict[str, list[Any]] = {"draws": [], "auctions": [], "appointments": [], "timedReleases": [], "waitlists": []}
    experiences = list(dict.fromkeys([*way.visited, *(look.stop.experience_id for look in active)]))
    return {
        "consumer": person,
        "active": {"experiences": experiences, "queues": [look.state for look in active], **none},
        "journeys": _journeys(looks),
        "stateVersion": version_of(way, looks),
        "serverTime": iso(now),
        "pollAfterSeconds": min((poll_after(one.line, one.standing, now) for one in active), default=IDLE_SECONDS),
    }


def version_of(way: Way, looks: Iterable[Look]) -> int:
    """Grows with every change of anything that the person has."""
    return way.changes + way.visits + sum(look.version for look in looks)


def _journeys(looks: list[Look]) -> list[dict[str, Any]]:
    def experience(look: Look) -> UUID:
        return look.stop.experience_id

    return [_journey(own, list(some)) for own, some in groupby(sorted(looks, key=experience), key=experience)]


def _journey(experience_id: UUID, looks: list[Look]) -> dict[str, Any]:
    entered = [look.stop.sequence_id for look in looks if look.standing.entry_id is not None]
    return {
        "experienceId": experience_id,
        "sequenceId": entered[-1] if entered else None,
        "journeyStage": "routed" if entered else "ready",
        "waitlist": None,
        "items": [look.item() for look in looks],
        "stateVersion": sum(look.version for look in looks),
    }
