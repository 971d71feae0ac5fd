"""Causes and effects: what the calls were to cause, what the journal tells, and where the two differ."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from store.journal import is_open
from tests.chaos.storm.book import Effect
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.pages import Page

Event = Mapping[str, Any]

BY_ITSELF = frozenset({
    "queue.consumer.requeued", "queue.grant.extended", "sequence.changed", "organization.changed",
    "draw.consumer.won", "draw.consumer.requeued",
})  # fmt: skip
"""Events that nobody asks for, or that come with another: what they do to a line is judged by going through the journal."""
INNER = frozenset({
    "queue.knock", "queue.sign_grant", "queue.note_presence", "people.sign_access_token", "organization.note_key_use",
    "organization.create", "draw.knock", "draw.sign_grant",
})  # fmt: skip
"""Commands that gateways, schedulers and operators send of their own. They are decided anew when they come again, because
none has an effect that could be doubled."""


_ABOUT: Mapping[str, str] = MappingProxyType({
    "queue.consumer.entered": "{participationId}",
    "queue.consumer.left": "{participationId}",
    "queue.consumer.completed": "{participationId} {orderId}",
    "queue.consumer.denied": "{participationId}",
    "queue.consumer.granted": "{participationId}",
    "queue.grant.validated": "{participationId}",
    "queue.order.fixed": "{aggregate}",
    "draw.consumer.entered": "{participationId}",
    "draw.consumer.left": "{participationId}",
    "draw.consumer.completed": "{participationId} {orderId}",
    "draw.consumer.denied": "{participationId}",
    "draw.grant.validated": "{participationId}",
    "draw.sealed": "{aggregate}",
    "draw.drawn": "{aggregate}",
    "draw.selected": "{aggregate}",
    "draw.completed": "{aggregate}",
    "distribution.changed": "{aggregate} {change}",
    "organization.key.changed": "{keyId} {change}",
    "experience.changed": "{experienceId} {change}",
    "consumer.session.started": "{consumerId}",
    "consumer.session.refreshed": "{consumerId}",
    "consumer.session.ended": "{consumerId}",
    "consumer.updated": "{consumerId}",
})  # fmt: skip
"""Whom or what an event is about, by its type."""
_ASKED: Mapping[str, Callable[[Event], bool]] = MappingProxyType({
    "queue.consumer.denied": lambda event: event["reason"] == "ADMIN_ACTION",
    "draw.consumer.denied": lambda event: event["reason"] == "ADMIN_ACTION",
    "queue.consumer.granted": lambda event: bool(event["outOfTurn"]),
})  # fmt: skip
"""Which events of a type somebody asked for, where the others come by themselves."""


def seen(evidence: Evidence) -> Counter[Effect]:
    """What the journal tells that somebody must have asked for. An event that is not known here is an effect without a cause."""
    found = Counter[Effect]()
    for page, event in told(evidence):
        kind = event["type"]
        if kind not in BY_ITSELF and _ASKED.get(kind, _always)(event):
            about = _ABOUT.get(kind, "{aggregate}, unheard of")
            found[kind, about.format(aggregate=page.aggregate_id, **event)] += 1
    return found


def due(evidence: Evidence) -> Counter[Effect]:
    """What was acknowledged. A call that was sent twice under one key is one call; who came amid poison may have been refused."""
    acknowledged = {call.command_id: call.caused for call in (*evidence.calls, *evidence.keyless) if call.caused}
    kept = outcomes(evidence)
    entered = (own_id for own_id in evidence.poison.ids if any("body" in reply for reply in kept.get(own_id, ())))
    return Counter(effect for effects in acknowledged.values() for effect in effects) + _entering(entered)


def possible(evidence: Evidence) -> Counter[Effect]:
    """What was asked for, whether or not anybody heard what became of it."""
    asked = {call.command_id: call.causes for call in (*evidence.calls, *evidence.keyless)}
    return Counter(effect for effects in asked.values() for effect in effects) + _entering(evidence.poison.ids)


def lost(evidence: Evidence) -> list[str]:
    """Effects that were acknowledged and are not in the journal."""
    return [f"{_shown(effect)} is missing" for effect in (due(evidence) - seen(evidence))]


def doubled(evidence: Evidence) -> list[str]:
    """Effects that the journal tells more often than they were asked for."""
    may = possible(evidence)
    return [
        f"{_shown(effect)} happened {often} times too often"
        for effect, often in (seen(evidence) - may).items()
        if may[effect]
    ]


def uncaused(evidence: Evidence) -> list[str]:
    """Effects and decided commands that nobody asked for."""
    may, strange = possible(evidence), _strange(evidence)
    effects = [f"{_shown(effect)} was asked for by nobody" for effect in seen(evidence) if not may[effect]]
    keyless = _by(strange.values()) - Counter(str(call.by) for call in evidence.keyless)
    return effects + [
        f"{reply['type']} {own_id} was sent by nobody"
        for own_id, reply in strange.items() if _actor(reply) in keyless or reply.get("keyed") is not None
    ]  # fmt: skip


def undecided(evidence: Evidence) -> list[str]:
    """Commands that succeeded and have no outcome, and commands that have more than one."""
    kept = outcomes(evidence)
    sure = {call.command_id: call.what for call in evidence.calls if call.succeeded}
    sure |= dict.fromkeys(evidence.poison.sure_ids, "enter amid poison")
    missing = {own_id: what for own_id, what in sure.items() if own_id not in kept}
    keyless = Counter(str(call.by) for call in evidence.keyless if call.succeeded) - _by(_strange(evidence).values())
    found = [f"{number} calls of {by} without a key have no outcome" for by, number in keyless.items()]
    found += [f"{what} {own_id} has no outcome" for own_id, what in missing.items()]
    return found + [
        f"{replies[0]['type']} {own_id} has {len(replies)} outcomes"
        for own_id, replies in kept.items()
        if len(replies) > 1 and replies[0]["type"] not in INNER
    ]


def outcomes(evidence: Evidence) -> dict[UUID, list[Any]]:
    """The outcomes of every command that are final, by its id."""
    found: dict[UUID, list[Any]] = {}
    for page in evidence.pages:
        for own_id, reply in zip(page.command_ids, page.replies or (), strict=True):
            if not is_open(reply):
                found.setdefault(own_id, []).append(reply)
    return found


def told(evidence: Evidence) -> Iterator[tuple[Page, Event]]:
    """Every event of the journal, in its order."""
    return ((page, event) for page in evidence.pages for event in page.events)


def _entering(ids: Iterable[UUID]) -> Counter[Effect]:
    return Counter(("queue.consumer.entered", str(own_id)) for own_id in ids)


def _strange(evidence: Evidence) -> dict[UUID, Any]:
    """The first outcome of every command whose id no caller knows, except of those that the project sends of its own."""
    known = {call.command_id for call in evidence.calls} | evidence.poison.ids
    return {
        own_id: replies[0]
        for own_id, replies in outcomes(evidence).items()
        if own_id not in known and replies[0]["type"] not in INNER
    }


def _by(replies: Iterable[Any]) -> Counter[str]:
    """How many of these were sent without a key, by whom."""
    return Counter(_actor(reply) for reply in replies if reply.get("keyed") is None)


def _actor(reply: Any) -> str:
    return str(reply.get("actor"))


def _always(event: Event) -> bool:
    return True


def _shown(effect: Effect) -> str:
    return f"{effect[0]} of {effect[1]}"
