"""Causes and effects: what the calls were to cause, what the journal tells, and where the two differ."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from store.journal import is_open
from tests.chaos.storm.book import Effect
from tests.chaos.storm.evidence import Evidence, Page

Event = Mapping[str, Any]
Reading = Callable[[Page, Event], str | None]

BY_ITSELF = frozenset({
    "queue.consumer.requeued", "queue.grant.extended", "sequence.changed", "organization.changed",
})  # fmt: skip
"""Events that nobody asks for, or that come with another: what they do to a line is judged by going through the journal."""
INNER = frozenset({
    "queue.knock", "queue.sign_grant", "queue.note_presence", "people.sign_access_token", "organization.note_key_use",
    "organization.create",
})  # fmt: skip
"""Commands that gateways, schedulers and operators send of their own: decided anew when they come again, because none has an effect
that could be doubled."""


def _named(member: str) -> Reading:
    return lambda page, event: str(event[member])


_READINGS: Mapping[str, Reading] = MappingProxyType({
    "queue.consumer.entered": _named("participationId"),
    "queue.consumer.left": _named("participationId"),
    "queue.consumer.completed": lambda page, event: f"{event['participationId']} {event['orderId']}",
    "queue.consumer.denied": lambda page, event: event["participationId"] if event["reason"] == "ADMIN_ACTION" else None,
    "queue.consumer.granted": lambda page, event: event["participationId"] if event["outOfTurn"] else None,
    "queue.grant.validated": _named("participationId"),
    "queue.order.fixed": lambda page, event: str(page.aggregate_id),
    "distribution.changed": lambda page, event: f"{page.aggregate_id} {event['change']}",
    "organization.key.changed": lambda page, event: f"{event['keyId']} {event['change']}",
    "experience.changed": lambda page, event: f"{event['experienceId']} {event['change']}",
    "consumer.session.started": _named("consumerId"),
    "consumer.session.ended": _named("consumerId"),
    "consumer.updated": _named("consumerId"),
})  # fmt: skip


def seen(evidence: Evidence) -> Counter[Effect]:
    """What the journal tells that somebody must have asked for. An event that is not known here is an effect without a cause."""
    found = Counter[Effect]()
    for page, event in told(evidence):
        kind = event["type"]
        whom = _READINGS[kind](page, event) if kind in _READINGS else None if kind in BY_ITSELF else "unheard of"
        if whom is not None:
            found[kind, whom] += 1
    return found


def due(evidence: Evidence) -> Counter[Effect]:
    """What was acknowledged. A call that was sent twice under one key is one call."""
    acknowledged = {call.command_id: call.caused for call in evidence.calls if call.caused}
    return Counter(effect for effects in acknowledged.values() for effect in effects) + Counter(evidence.poison.causes)


def possible(evidence: Evidence) -> Counter[Effect]:
    """What was asked for, whether or not anybody heard what became of it."""
    asked = {call.command_id: call.causes for call in evidence.calls}
    effects = Counter(effect for effects in asked.values() for effect in effects)
    return effects + Counter(evidence.poison.causes) + Counter(evidence.poison.may_cause)


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
    may, sent = possible(evidence), {call.command_id for call in evidence.calls} | evidence.poison.ids
    effects = [f"{_shown(effect)} was asked for by nobody" for effect in seen(evidence) if not may[effect]]
    commands = [
        f"{reply['type']} {own_id} was sent by nobody"
        for own_id, replies in outcomes(evidence).items() if own_id not in sent
        for reply in replies if reply["type"] not in INNER
    ]  # fmt: skip
    return effects + commands


def undecided(evidence: Evidence) -> list[str]:
    """Commands that succeeded and have no outcome, and commands that have more than one."""
    kept = outcomes(evidence)
    missing = {call.command_id: call.what for call in evidence.calls if call.succeeded and call.command_id not in kept}
    return [f"{what} {own_id} has no outcome" for own_id, what in missing.items()] + [
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


def _shown(effect: Effect) -> str:
    return f"{effect[0]} of {effect[1]}"
