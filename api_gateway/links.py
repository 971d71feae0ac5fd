"""`_links`: what this caller may do with this object now, from the one policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from domain.policy import (
    DrawRun,
    DrawSeen,
    EntrantKept,
    ExperienceKept,
    ExperienceShown,
    KeyKept,
    OrganizationKept,
    ParticipationKept,
    QueueRun,
    QueueSeen,
    SequenceKept,
    actions,
)

Link = dict[str, str]
_Relations = Mapping[str, tuple[str, str, str]]
_KEPT: Final = {
    "update": ("PATCH", "{place}", "Change some settings."),
    "replace": ("PUT", "{place}", "Replace all settings."),
    "archive": ("DELETE", "{place}", "Take it out of the lists."),
}
_RELATIONS: Final[Mapping[type, _Relations]] = {
    QueueSeen: {
        "enter": ("POST", "{place}/enter", "Join the line."),
        "status": ("GET", "{place}/status", "Where you stand."),
        "leave": ("POST", "{place}/leave", "Leave the line or give the grant back."),
        "events": ("GET", "{place}/events", "Changes as they happen."),
        "proof": ("GET", "{place}/proof", "How the order was drawn."),
    },
    QueueRun: _KEPT
    | {
        "pause": ("POST", "{place}/pause", "Hold back grants, entries, or both."),
        "resume": ("POST", "{place}/resume", "Go on."),
        "kill": ("POST", "{place}/kill", "End it for good."),
        "consumers": ("GET", "{place}/consumers", "Who takes part."),
        "metrics": ("GET", "{place}/metrics", "Counts and rates."),
        "proof": ("GET", "{place}/proof", "How the order was drawn."),
    },
    DrawSeen: {
        "enter": ("POST", "{place}/enter", "Take part."),
        "status": ("GET", "{place}/status", "Where you stand."),
        "leave": ("POST", "{place}/leave", "Take part no more, or give a win back."),
        "events": ("GET", "{place}/events", "Changes as they happen."),
        "proof": ("GET", "{place}/proof", "How the winners are drawn."),
    },
    DrawRun: _KEPT
    | {
        "pause": ("POST", "{place}/pause", "Hold back the drawing, entries, or both."),
        "resume": ("POST", "{place}/resume", "Go on."),
        "kill": ("POST", "{place}/kill", "End it for good: it is void."),
        "beacon": ("POST", "{place}/beacon", "Give it the round of the beacon that it waits for."),
        "enter": ("POST", "{place}/enter", "Enter a person."),
        "consumers": ("GET", "{place}/consumers", "Who takes part."),
        "proof": ("GET", "{place}/proof", "How the winners are drawn."),
    },
    EntrantKept: {
        "deny": ("POST", "{parent}/deny", "Refuse this person for good."),
        "complete": ("POST", "{parent}/complete", "Use the grant up."),
    },
    ParticipationKept: {
        "admit": ("POST", "{parent}/admit", "Let this person in now."),
        "deny": ("POST", "{parent}/deny", "Refuse this person for good."),
        "complete": ("POST", "{parent}/complete", "Use the grant up."),
    },
    ExperienceShown: {
        "enter": ("POST", "{place}/enter", "Come in."),
        "leave": ("DELETE", "{place}/leave", "Go out; places in its lines are kept."),
        "events": ("GET", "{place}/events", "Changes of what it distributes, as they happen."),
    },
    ExperienceKept: _KEPT
    | {
        "publish": ("POST", "{place}/publish", "Show it to the public."),
        "unpublish": ("POST", "{place}/unpublish", "Hide it from the public."),
        "duplicate": ("POST", "{place}/duplicate", "Make a copy of it."),
        "sequences": ("GET", "{base}/sequences?experienceId={id}", "Its access paths."),
    },
    SequenceKept: _KEPT | {"distributions": ("GET", "{place}/distributions", "What it distributes.")},
    KeyKept: {
        "rotate": ("POST", "{place}/rotate", "Replace the key by a new one."),
        "revoke": ("DELETE", "{place}", "End the key at once."),
    },
    OrganizationKept: {
        "update": ("PATCH", "{place}", "Change some settings."),
        "replace": ("PUT", "{place}", "Replace all settings."),
        "keys": ("GET", "{place}/keys", "Its keys."),
    },
}


def link(href: str, method: str, title: str) -> Link:
    """One link."""
    return {"href": href, "method": method, "title": title}


def links(place: str, actor: str, seen: object) -> dict[str, Link]:
    """The links of an object that is found at `place`: itself, and everything that this kind of caller may do now."""
    known, parts = _RELATIONS[type(seen)], _parts(place)
    allowed = ((action, known[action]) for action in actions(actor, seen) if action in known)
    may = {action: link(href.format_map(parts), method, title) for action, (method, href, title) in allowed}
    return {"self": link(place, "GET", "This object.")} | may


def queue_run(facts: Mapping[str, Any]) -> QueueRun:
    """What the policy needs to know of a queue, from the facts that its organization is shown."""
    return QueueRun(
        lifecycle=facts["lifecycle"], paused=facts["paused"], archived=facts["archived"],
        live=bool(facts["waitingCount"] or facts["activeGrants"]), provable=facts["openAt"] is not None,
    )  # fmt: skip


def draw_run(facts: Mapping[str, Any]) -> DrawRun:
    """What the policy needs to know of a draw, from the facts that its organization is shown."""
    over = facts["drawStatus"] in {"void", "completed"}
    return DrawRun(
        lifecycle=facts["lifecycle"], paused=facts["paused"], archived=facts["archived"],
        live=bool(facts["activeGrants"] or (facts["enteredCount"] and not over)), waits=facts["waitingFor"] is not None,
        entries_held=facts["pauseScope"] in {"ENTRY", "ALL"},
    )  # fmt: skip


def _parts(place: str) -> dict[str, str]:
    """What a link may be built from: the object's place, its id, what it belongs to, and the API it is in."""
    above, _, own_id = place.rpartition("/")
    base, found, _ = place.partition("/api/v1")
    return {"place": place, "id": own_id, "parent": above.rpartition("/")[0], "base": base + found}
