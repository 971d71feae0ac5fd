"""What callers are shown of an object: the facts of the domain, what this caller may see of them, and the links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api_gateway.auth import SECRET
from api_gateway.draw_views import draw_read, kept_draw, public_draw
from api_gateway.http.call import Call
from api_gateway.links import link, links, queue_run
from domain.experiences.state import Sequence
from domain.experiences.view import experience_facts, sequence_facts
from domain.policy import (
    ExperienceKept,
    ExperienceShown,
    KeyKept,
    OrganizationKept,
    ParticipationKept,
    QueueSeen,
    SequenceKept,
)
from domain.queue.state import Queue
from domain.queue.view import queue_facts
from domain.times import Times
from store.reads.experiences import Offer, Shown

_PUBLIC_QUEUE: Final = (
    "id", "type", "experienceId", "sequenceId", "name", "lifecycle", "paused", "pauseScope", "resumeAt", "entryOpenAt",
    "openAt", "closeAt", "serviceCloseAt", "timeZone", "supportsGuest", "admissionExpirationSeconds",
    "completionGraceSeconds", "maxQuantityPerConsumer", "maxCompletionsPerConsumer", "positionDisplayMode",
    "orderFixedAt", "cohortSize", "version",
)  # fmt: skip
_PUBLIC_EXPERIENCE: Final = (
    "id", "name", "slug", "description", "openAt", "closeAt", "timeZone", "currencyCode", "lifecycle", "i18n", "theme",
    "hasAccessCode", "hasProtectedSequences", "products", "version",
)  # fmt: skip
_PUBLIC_SEQUENCE: Final = ("id", "name", "color", "priority", "availability")


def kept_queue(call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A queue for its organization, from the facts that a worker or a read gives."""
    place = f"/admin/api/v1/queues/{facts['id']}"
    return {**facts, "mode": call.caller.mode, "_links": links(place, SECRET, queue_run(facts))}


def queue_read(call: Call, queue: Queue, now: datetime) -> dict[str, Any]:
    """A queue for its organization, as it was read."""
    return kept_queue(call, queue_facts(queue, Times(now, now)))


def public_queue(call: Call, queue: Queue, now: datetime, participation: str = "NOT_QUEUED") -> dict[str, Any]:
    """A queue for visitors: no counts, nothing of how it is run."""
    facts = queue_facts(queue, Times(now, now))
    entries_from = queue.config.entries_from
    seen = QueueSeen(
        lifecycle=facts["lifecycle"], paused_scope=facts["pauseScope"],
        entries_open=entries_from is None or now >= entries_from, participation=participation,
        opened=queue.line.opened_at is not None and queue.config.open_at is not None,
        guests=queue.config.supports_guest and queue.allow_guests,
    )  # fmt: skip
    place = f"/consumer/api/v1/queues/{queue.id}"
    return {name: facts[name] for name in _PUBLIC_QUEUE} | {"_links": links(place, call.caller.kind, seen)}


def participation(facts: Mapping[str, Any], queue_id: object) -> dict[str, Any]:
    """A participation for the organization."""
    place = f"/admin/api/v1/queues/{queue_id}/consumers/{facts['consumerId']}"
    of = {"distributionId": str(queue_id), "distributionType": "queue"}
    return {**of, **facts, "_links": links(place, SECRET, ParticipationKept(facts["status"]))}


def kept_experience(call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
    """An experience for its organization, from the facts that a worker or a read gives."""
    place = f"/admin/api/v1/experiences/{facts['id']}"
    seen = ExperienceKept(facts["published"], facts["archived"])
    sequences = [kept_sequence(call, path) for path in facts["sequences"]]
    return {**facts, "mode": call.caller.mode, "sequences": sequences, "_links": links(place, SECRET, seen)}


def experience_read(call: Call, shown: Shown, *, whole: bool = False) -> dict[str, Any]:
    """An experience for its organization, as it was read; `whole` shows its distributions too."""
    body = kept_experience(call, experience_facts(shown.launch))
    if whole:
        for path in body["sequences"]:
            path.update(_distributed(call, shown.offer.under({UUID(path["id"])}), shown.now))
    return body


def kept_sequence(call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A sequence for its organization."""
    place = f"/admin/api/v1/sequences/{facts['id']}"
    shows = {"queues": kept_queue, "draws": kept_draw}
    of = {member: [show(call, one) for one in facts[member]] for member, show in shows.items() if member in facts}
    seen = SequenceKept(facts["archived"])
    return {**facts, **of, "mode": call.caller.mode, "_links": links(place, SECRET, seen)}


def sequence_read(call: Call, path: Sequence, offer: Offer, now: datetime) -> dict[str, Any]:
    """A sequence for its organization, with what it distributes."""
    facts = sequence_facts(path, offer.distributions(now))
    return kept_sequence(call, facts) | _distributed(call, offer, now)


def public_experience(call: Call, shown: Shown, *, inside: bool = False) -> dict[str, Any]:
    """An experience for visitors, with its sequences and what they distribute; `inside` for those who have entered it."""
    facts = experience_facts(shown.launch)
    place = f"/consumer/api/v1/experiences/{facts['id']}"
    sequences = [_public_sequence(call, path, shown) for path in facts["sequences"]]
    seen = ExperienceShown(facts["lifecycle"], inside)
    public = {name: facts[name] for name in _PUBLIC_EXPERIENCE}
    return public | {"sequences": sequences, "_links": links(place, call.caller.kind, seen)}


def kept_organization(facts: Mapping[str, Any]) -> dict[str, Any]:
    """An organization for itself."""
    place = "/admin/api/v1/organizations/current"
    return {**facts, "_links": links(place, SECRET, OrganizationKept())}


def kept_key(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A key for its organization."""
    place = f"/admin/api/v1/organizations/current/keys/{facts['id']}"
    return {**facts, "_links": links(place, SECRET, KeyKept(facts["status"]))}


def own_consumer(call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A person for themselves."""
    return {**facts, "_links": {"self": link(f"{call.base}/consumers/me", "GET", "Everything you take part in.")}}


def kept_consumer(call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A person for the organization."""
    of = {"organizationId": str(call.caller.organization_id), "mode": call.caller.mode}
    place = f"/admin/api/v1/consumers/{facts['id']}"
    return {**facts, **of, "_links": {"self": link(place, "GET", "This object.")}}


def _public_sequence(call: Call, path: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    own = shown.offer.under({UUID(path["id"])})
    queues = [public_queue(call, queue, shown.now) for queue in own.queues]
    draws = [public_draw(call, draw, shown.now) for draw in own.draws]
    none: dict[str, list[Any]] = {"auctions": [], "appointments": [], "timedReleases": []}
    return {name: path[name] for name in _PUBLIC_SEQUENCE} | {"queues": queues, "draws": draws} | none


def _distributed(call: Call, offer: Offer, now: datetime) -> dict[str, Any]:
    return {
        "queues": [queue_read(call, queue, now) for queue in offer.queues],
        "draws": [draw_read(call, draw, now) for draw in offer.draws],
    }
