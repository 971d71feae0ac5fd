"""A person's way through experiences, as `GET /consumers/me` shows it: every queue and draw of them, in one form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import orjson

from api_gateway.auth import CONSUMER
from api_gateway.draw_views import own_state
from api_gateway.live.line import Line, Standing
from api_gateway.live.links import seen_by
from api_gateway.live.snapshot import Snapshot
from api_gateway.live.state import state_json
from api_gateway.live.urn import Entrant, Urn
from domain.distribution.journey import Words
from domain.draw.journey import WORDS as DRAW_WORDS
from domain.queue.journey import WORDS as QUEUE_WORDS
from domain.times import iso
from store.reads.journeys import Stop, Way

IDLE_SECONDS: Final = 30
_CONSUMER: Final = ("status", "participationId", "enteredAt")
_ENDS: Final = ("completedAt", "deniedAt", "leftAt")


@dataclass(frozen=True)
class Look:
    """Where a person stands in one distribution, at a moment: the state object, in the words of its kind.

    It takes entries from `starts_at` on, is settled at `settles_at`, and ended at `ended_at` for those who were not in it.
    `shown` are the members of the state that are this kind's own.
    """

    stop: Stop
    one: Snapshot[Any]
    words: Words
    state: dict[str, Any]
    entry_id: UUID | None
    now: datetime
    starts_at: datetime | None
    settles_at: datetime | None
    ended_at: datetime | None
    entries_open: bool
    shown: tuple[str, ...]
    details: dict[str, Any]

    @property
    def live(self) -> bool:
        """Whether the person takes part now."""
        return self.state["status"] in {self.words.waiting, self.words.granted}

    @property
    def version(self) -> int:
        """Grows with every change of what the person has here."""
        return self.stop.version_with(self.entry_id, self.state["stateVersion"])

    def item(self) -> dict[str, Any]:
        """The distribution and the person in it, for a page that shows one thing at a time."""
        lifecycle = self.one.lifecycle(self.now)
        where = self.words.phase(self.state["status"], lifecycle, entries_open=self.entries_open)
        item = {
            "phase": where,
            "mechanism": self.one.kind,
            "distribution": self._distribution(),
            "consumer": self._consumer(),
        }
        return item | self._grant() | (self._outcome() if where == "ended" else {})

    def _distribution(self) -> dict[str, Any]:
        own = {"sequenceId": self.one.sequence_id, "details": self.details}
        return (
            self.one.distribution(self.now) | own | {"startsAt": iso(self.starts_at), "settlesAt": iso(self.settles_at)}
        )

    def _consumer(self) -> dict[str, Any]:
        shown = {name: self.state.get(name) for name in (*_CONSUMER, *self.shown)}
        return shown | {"grantedAt": iso(self.stop.granted_at), "deniedReason": self.state.get("reason")}

    def _grant(self) -> dict[str, Any]:
        if "admissionGrant" not in self.state:
            return {}
        told = {
            "token": self.state["admissionGrant"], "grantId": self.state["grantId"], "distributionType": self.one.kind,
            "distributionId": self.one.own_id, "sequenceId": self.one.sequence_id,
            "experienceId": self.one.experience_id, "issuedAt": iso(self.stop.granted_at),
            "expiresAt": self.state["expiresAt"],
        }  # fmt: skip
        return {"grant": told}

    def _outcome(self) -> dict[str, Any]:
        ended = next((self.state[name] for name in _ENDS if self.state.get(name)), iso(self.ended_at))
        reason = self.state.get("reason")
        return {"outcome": {"type": self.words.outcome(self.state["status"], reason), "reason": reason, "at": ended}}


def in_line(stop: Stop, line: Line, standing: Standing, now: datetime) -> Look:
    """Where a person stands in a queue."""
    config = line.config
    return Look(
        stop=stop, one=line, words=QUEUE_WORDS, state=orjson.loads(state_json(line, standing, now)),
        entry_id=standing.entry_id, now=now, starts_at=config.entries_from if config else None,
        settles_at=config.service_close_at if config else None,
        ended_at=line.turned_away(now) or (config.close_at if config else None),
        entries_open=seen_by(line, standing, now).entries_open, shown=("position",), details={},
    )  # fmt: skip


def in_urn(stop: Stop, urn: Urn, entrant: Entrant, now: datetime) -> Look:
    """Where a person stands in a draw."""
    draw, entry = urn.known_draw, entrant.entry
    return Look(
        stop=stop, one=urn, words=DRAW_WORDS, state=own_state(CONSUMER, draw, urn.facts(entrant), now),
        entry_id=None if entry is None else entry.id, now=now, starts_at=draw.config.open_at, settles_at=draw.config.draw_at,
        ended_at=draw.ended.at if draw.ended else draw.config.closes_at, entries_open=False,
        shown=("alternatePosition",), details={"drawStatus": draw.status.value},
    )  # fmt: skip


def projection(person: dict[str, Any], way: Way, looks: list[Look], now: datetime) -> dict[str, Any]:
    """Everything that a person takes part in, and the way through each experience."""
    active = [look for look in looks if look.live]
    none: dict[str, list[Any]] = {"auctions": [], "appointments": [], "timedReleases": [], "waitlists": []}
    experiences = list(dict.fromkeys([*way.visited, *(look.stop.experience_id for look in active)]))
    return {
        "consumer": person,
        "active": {"experiences": experiences, **_states(active), **none},
        "journeys": _journeys(looks),
        "stateVersion": version_of(way, looks),
        "serverTime": iso(now),
        "pollAfterSeconds": min((one.state["pollAfterSeconds"] for one in active), default=IDLE_SECONDS),
    }


def _states(active: Iterable[Look]) -> dict[str, list[Any]]:
    """The states by kind."""
    states = dict[str, list[Any]](queues=[], draws=[])
    for look in active:
        states[f"{look.one.kind}s"].append(look.state)
    return states


def version_of(way: Way, looks: Iterable[Look]) -> int:
    """Grows with every change of anything that the person has."""
    return way.changes + way.visits + sum(look.version for look in looks)


def _journeys(looks: list[Look]) -> list[dict[str, Any]]:
    def experience(look: Look) -> UUID:
        return look.stop.experience_id

    return [_journey(own, list(some)) for own, some in groupby(sorted(looks, key=experience), key=experience)]


def _journey(experience_id: UUID, looks: list[Look]) -> dict[str, Any]:
    entered = [look.stop.sequence_id for look in looks if look.entry_id is not None]
    return {
        "experienceId": experience_id,
        "sequenceId": entered[-1] if entered else None,
        "journeyStage": "routed" if entered else "ready",
        "waitlist": None,
        "items": [look.item() for look in looks],
        "stateVersion": sum(look.version for look in looks),
    }
