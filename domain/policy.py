"""Who may do what with what, now: the one function that guards endpoints and builds `_links`.

A caller is one of the kinds publishable, consumer and secret. What is to be known of an object is handed over as one of
the small classes below; whatever is not in the table is not allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PUBLISHABLE, CONSUMER, SECRET = "publishable", "consumer", "secret"
_LIVE = frozenset({"QUEUED", "GRANTED"})
_ENTERABLE = frozenset({"NOT_QUEUED", "NOT_ENTERED", "LEFT"})
_HOLDS_ENTRIES = frozenset({"ENTRY", "ALL"})


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """A queue as one person sees it. `opened`: its order is published; `participation`: the status of the person."""

    lifecycle: str
    paused_scope: str | None
    entries_open: bool
    participation: str = "NOT_QUEUED"
    opened: bool = False
    guests: bool = True


@dataclass(frozen=True, slots=True)
class QueueRun:
    """A queue as its organization runs it. `live` says that somebody waits or is inside."""

    lifecycle: str
    paused: bool
    archived: bool
    live: bool
    provable: bool


@dataclass(frozen=True, slots=True)
class DrawSeen:
    """A draw as one person sees it. `drawn`: its order is published; `by_themselves`: people enter, not only its server."""

    lifecycle: str
    paused_scope: str | None
    drawn: bool
    participation: str = "NOT_ENTERED"
    guests: bool = True
    by_themselves: bool = True


@dataclass(frozen=True, slots=True)
class DrawRun:
    """A draw as its organization runs it. `live` says that somebody takes part or holds a grant, `waits` that it is due.

    `entries_held`: a pause holds entries back.
    """

    lifecycle: str
    paused: bool
    archived: bool
    live: bool
    waits: bool = False
    entries_held: bool = False


@dataclass(frozen=True, slots=True)
class EntrantKept:
    """A participation in a draw as its organization sees it."""

    status: str


@dataclass(frozen=True, slots=True)
class ParticipationKept:
    """A participation as its organization sees it."""

    status: str


@dataclass(frozen=True, slots=True)
class ExperienceShown:
    """An experience as a visitor sees it; `inside` says that the visitor has entered it."""

    lifecycle: str
    inside: bool = False


@dataclass(frozen=True, slots=True)
class ExperienceKept:
    """An experience as its organization keeps it."""

    published: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class SequenceKept:
    """A sequence as its organization keeps it."""

    archived: bool


@dataclass(frozen=True, slots=True)
class KeyKept:
    """A key as its organization keeps it."""

    status: str


@dataclass(frozen=True, slots=True)
class OrganizationKept:
    """An organization as it sees itself."""

    active: bool = True


def can(actor: str, action: str, seen: object) -> bool:
    """Whether a caller of this kind may do this with the object, as it is now."""
    allowed = _TABLE.get((actor, type(seen)), {}).get(action)
    return allowed is not None and allowed(seen)


def actions(actor: str, seen: object) -> tuple[str, ...]:
    """Everything that a caller of this kind may do with the object now, in the order in which links are shown."""
    return tuple(action for action, allowed in _TABLE.get((actor, type(seen)), {}).items() if allowed(seen))


def _always(_: object) -> bool:
    return True


def _may_enter(queue: QueueSeen) -> bool:
    takes_entries = queue.lifecycle == "open" or (queue.lifecycle == "scheduled" and queue.entries_open)
    return takes_entries and queue.paused_scope not in _HOLDS_ENTRIES and queue.participation in _ENTERABLE


def _may_enter_draw(draw: DrawSeen) -> bool:
    held = draw.paused_scope in _HOLDS_ENTRIES
    return draw.by_themselves and draw.lifecycle == "open" and not held and draw.participation in _ENTERABLE


def _may_leave_draw(draw: DrawSeen) -> bool:
    return draw.participation == "WON" or (draw.participation == "ENTERED" and not draw.drawn)


def _kept(thing: ExperienceKept | SequenceKept) -> bool:
    return not thing.archived


def _usable(key: KeyKept) -> bool:
    return key.status in {"ACTIVE", "RETIRING"}


def _runs(queue: QueueRun | DrawRun) -> bool:
    return queue.lifecycle != "closed" and not queue.archived


_Rules = Mapping[str, Callable[[Any], bool]]
_TABLE: Final[Mapping[tuple[str, type], _Rules]] = {
    (CONSUMER, QueueSeen): {
        "enter": _may_enter,
        "status": _always,
        "leave": lambda queue: queue.participation in _LIVE,
        "events": _always,
        "proof": lambda queue: queue.opened,
    },
    (PUBLISHABLE, QueueSeen): {
        "enter": lambda queue: queue.guests and _may_enter(queue),
        "proof": lambda queue: queue.opened,
    },
    (SECRET, QueueRun): {
        "update": _runs,
        "replace": _runs,
        "archive": lambda queue: not queue.archived and not queue.live,
        "pause": lambda queue: _runs(queue) and not queue.paused,
        "resume": lambda queue: queue.paused,
        "kill": _runs,
        "consumers": _always,
        "metrics": _always,
        "proof": lambda queue: queue.provable,
    },
    (CONSUMER, DrawSeen): {
        "enter": _may_enter_draw,
        "status": _always,
        "leave": _may_leave_draw,
        "events": _always,
        "proof": _always,
    },
    (PUBLISHABLE, DrawSeen): {"enter": lambda draw: draw.guests and _may_enter_draw(draw), "proof": _always},
    (SECRET, DrawRun): {
        "update": _runs,
        "replace": _runs,
        "archive": lambda draw: not draw.archived and not draw.live,
        "pause": lambda draw: _runs(draw) and not draw.paused,
        "resume": lambda draw: draw.paused,
        "kill": _runs,
        "beacon": lambda draw: draw.waits,
        "enter": lambda draw: draw.lifecycle == "open" and not draw.entries_held and not draw.archived,
        "consumers": _always,
        "proof": _always,
    },
    (SECRET, EntrantKept): {
        "deny": lambda entry: entry.status in {"ENTERED", "WON"},
        "complete": lambda entry: entry.status == "WON",
    },
    (SECRET, ParticipationKept): {
        "admit": lambda entry: entry.status == "QUEUED",
        "deny": lambda entry: entry.status in _LIVE,
        "complete": lambda entry: entry.status == "GRANTED",
    },
    (PUBLISHABLE, ExperienceShown): {"events": _always},
    (CONSUMER, ExperienceShown): {
        "enter": lambda experience: not experience.inside and experience.lifecycle != "closed",
        "leave": lambda experience: experience.inside,
        "events": _always,
    },
    (SECRET, ExperienceKept): {
        "update": _kept,
        "replace": _kept,
        "archive": _kept,
        "publish": lambda experience: _kept(experience) and not experience.published,
        "unpublish": lambda experience: experience.published,
        "duplicate": _kept,
        "sequences": _always,
    },
    (SECRET, SequenceKept): {"update": _kept, "replace": _kept, "archive": _kept, "distributions": _always},
    (SECRET, KeyKept): {"rotate": lambda key: key.status == "ACTIVE", "revoke": _usable},
    (SECRET, OrganizationKept): {"update": _always, "replace": _always, "keys": _always},
}
