"""What must hold after every storm: each fact is a sentence and a function from the evidence to what speaks against it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api_gateway.problems import problem
from domain.decision import KEY_REUSED
from tests.chaos.storm import effects
from tests.chaos.storm.book import Call
from tests.chaos.storm.draw_facts import mistimed_draws, mistold, redrawn, unlike_draws
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.recoveries import LONGEST_SECONDS, recoveries

REFUSALS: Mapping[str, frozenset[str]] = MappingProxyType({
    "enter": frozenset({"QUEUE_FULL"}),
    "admit": frozenset({"ALREADY_GRANTED"}),
    "change limits": frozenset({"FIELD_FROZEN"}),
    "pause": frozenset({"VALIDATION_ERROR"}),
    "enter draw": frozenset({"DRAW_CLOSED"}),
    "leave draw": frozenset({"DRAW_CLOSED", "DISTRIBUTION_PAUSED"}),
    "deny draw": frozenset({"DISTRIBUTION_PAUSED"}),
    "complete draw": frozenset({"GRANT_EXPIRED"}),
    "pause draw": frozenset({"DISTRIBUTION_CLOSED"}),
})  # fmt: skip
"""The refusals that the load provokes, by call. A moment to go on at may be over by the time a pause arrives."""
OF_THE_MOMENT = frozenset({"now", "head", "position", "preOpen"})
"""Members of an outcome that an answer does not take over: where somebody stands is worked out when it is told."""
FAULT = 500
"""Answers from here on tell of no outcome."""
PUNCTUAL_SECONDS = 30.0
"""How late anything may be that is due by itself: the longest that everything is away at once, and the time to come back."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence about every storm, and what speaks against it."""

    sentence: str
    against: Callable[[Evidence], list[str]]


def unanswered(evidence: Evidence) -> list[str]:
    """Calls that nobody ever answered, or answered with what they cannot have provoked, and stories that could not go on."""
    return list(evidence.broken) + [
        f"{call.what} {call.command_id}: {_answer(call)}" for call in (*evidence.calls, *evidence.keyless)
        if not call.succeeded and not call.unknown and _code(call) not in REFUSALS.get(call.what, ())
    ]  # fmt: skip


def mistaken(evidence: Evidence) -> list[str]:
    """Another body under a key that was answered, and its sender was told something else than that; unknown is no finding."""
    return [
        f"{call.what} {call.command_id}, with another body: {_answer(call)}"
        for call in evidence.misuses
        if not call.unknown and _answer(call) != _refusal(KEY_REUSED.code)
    ]


def differing(evidence: Evidence) -> list[str]:
    """Answers that tell something else than the outcome that is kept, in any member that they take from it."""
    kept = effects.outcomes(evidence)
    return [
        f"{call.what} {call.command_id} was told {told} for {meant}"
        for call in evidence.calls if call.answered is not None and call.status < FAULT
        for reply in kept.get(call.command_id, ()) for told, meant in _differences(call, reply)
    ]  # fmt: skip


def beyond(evidence: Evidence) -> list[str]:
    """Points of the journal at which more wait, are inside or were admitted than allowed."""
    return [one for replay in evidence.all_replays for one in replay.findings.beyond]


def impossible(evidence: Evidence) -> list[str]:
    """Steps that no participation can take: twice the same, out of nothing, after the end."""
    return [one for replay in evidence.all_replays for one in replay.findings.impossible]


def disordered(evidence: Evidence) -> list[str]:
    """Tickets and grants out of order, and whoever came later and stands before somebody who had been told of a place."""
    disorder = [one for replay in evidence.all_replays for one in replay.findings.disorder]
    return disorder + [
        f"{later.command_id} was sent after {earlier.command_id} was answered, and stands before it"
        for earlier, later in _overtaken(evidence)
    ]


def unlike(evidence: Evidence) -> list[str]:
    """Rows that say something else than the journal does, and rows that nobody keeps or that are kept for nothing."""
    replays = evidence.replays
    found = [f"grant {own_id} stands in one table alone" for own_id in evidence.miskept]
    for queue in evidence.queues:
        counts = (queue.waiting, queue.inside, queue.admitted, queue.completed, queue.tickets)
        if queue.id not in replays or replays[queue.id].counts != counts:
            found.append(
                f"queue {queue.id} says {counts}, its journal {replays.get(queue.id) and replays[queue.id].counts}"
            )
    found += unlike_draws(evidence)
    told = {
        own_id: (place.status, place.version) for one in evidence.all_replays for own_id, place in one.places.items()
    }
    kept = {str(entry.id): (entry.status, entry.version) for entry in (*evidence.entries, *evidence.entrants)}
    return found + [
        f"{own_id} is {kept.get(own_id)}, its journal says {told.get(own_id)}"
        for own_id in sorted(told.keys() | kept.keys()) if told.get(own_id) != kept.get(own_id)
    ]  # fmt: skip


def mistimed(evidence: Evidence) -> list[str]:
    """What was due by itself and did not happen, happened twice, too early, or half a minute late."""
    found = list[str]()
    for queue_id, replay in evidence.replays.items():
        found += replay.findings.untimely
        if len(replay.opened_at) > 1:
            found.append(f"queue {queue_id} opened {len(replay.opened_at)} times")
        found += [
            f"a grant of {queue_id} lapsed {late:.1f} s late" for late in replay.lapses if late > PUNCTUAL_SECONDS
        ]
    return found + mistimed_draws(evidence, PUNCTUAL_SECONDS)


def misdated(evidence: Evidence) -> list[str]:
    """Decisions of before the storm or after it: whose clock was that?"""
    least, most = evidence.began - timedelta(seconds=1), evidence.ended + timedelta(seconds=1)
    return [
        f"{page.topic} {page.aggregate_id} was decided at {page.at}"
        for page in evidence.pages
        if not least <= page.at <= most
    ]


def unsent(evidence: Evidence) -> list[str]:
    """Mails that are owed still, that nobody got, that came as two messages, or that nobody owed."""
    copies: dict[str, set[bytes]] = {}
    for raw in evidence.received:
        copies.setdefault(str(message_from_bytes(raw)["Message-ID"]), set()).add(raw)
    owed = {str(mail.id): mail for mail in evidence.mails}
    got = {own_id.strip("<>").partition("@")[0] for own_id in copies}
    found = [
        f"mail {own_id} is {mail.state} still"
        for own_id, mail in owed.items()
        if mail.state not in {"sent", "bounced", "dead"}
    ]
    found += [
        f"mail {own_id} was sent, and nobody got it"
        for own_id, mail in owed.items()
        if mail.state == "sent" and own_id not in got
    ]
    found += [f"mail {own_id} came, and nobody owed it" for own_id in got - owed.keys()]
    found += [f"the copies of {own_id} differ" for own_id, raws in copies.items() if len(raws) > 1]
    return found


def misburied(evidence: Evidence) -> list[str]:
    """Dead commands that were no poison, poison that was not buried, and graves that no mail tells of."""
    poisoned = [one for one in evidence.dead if one.type == "unreadable"]
    found = [f"{one.type} {one.id} is buried: {one.error}" for one in evidence.dead if one.type != "unreadable"]
    least, most = evidence.poison.sure, evidence.poison.sure + evidence.poison.unsure
    if not least <= len(poisoned) <= most:
        found.append(f"{len(poisoned)} poisonous commands are buried, {least} to {most} were put in")
    if len(evidence.mails) != len(evidence.dead):
        found.append(f"{len(evidence.mails)} mails are owed for {len(evidence.dead)} graves")
    return found


def unfinished(evidence: Evidence) -> list[str]:
    """What still waits when it is quiet. Who came amid poison is left out, because nobody will ever look at those places."""
    waiting = Counter(entry.status for entry in evidence.entries if entry.status in {"QUEUED", "GRANTED"})
    alone = Counter(entry.status for entry in evidence.entries if entry.id in evidence.poison.ids)
    return [f"{number} {what}" for what, number in evidence.pending.items()] + [
        f"{number} people are {status} still" for status, number in (waiting - alone).items()
    ]


def strange(evidence: Evidence) -> list[str]:
    """Rows of one organization among those of another."""
    owner = {one.id: one.tenant_id for one in (*evidence.queues, *evidence.draws)}
    found = [
        f"entry {one.id} of {one.tenant_id} in a queue of another"
        for one in evidence.entries
        if owner.get(one.queue_id) != one.tenant_id
    ]
    found += [
        f"entrant {one.id} of {one.tenant_id} in a draw of another"
        for one in evidence.entrants
        if owner.get(one.draw_id) != one.tenant_id
    ]
    found += [
        f"a page of {page.tenant_id} about {page.aggregate_id}"
        for page in evidence.pages if owner.get(page.aggregate_id, page.tenant_id) != page.tenant_id
    ]  # fmt: skip
    return found


def unproved(evidence: Evidence) -> list[str]:
    """Orders that the published proof does not show to be the ones that were committed to."""
    return list(evidence.unproved)


def slow(evidence: Evidence) -> list[str]:
    """Faults after which nobody was answered for long, and faults that the agent could not do."""
    failed = [f"{one.planned.name} of {one.planned.target}: {one.failed}" for one in evidence.happened if one.failed]
    return failed + [
        f"{name}: the first answer came after {seconds:.1f} s"
        for name, every in recoveries(evidence).items() for seconds in every if seconds > LONGEST_SECONDS
    ]  # fmt: skip


FACTS: tuple[Fact, ...] = (
    Fact("every call is answered, and as it could be", unanswered),
    Fact("every acknowledged command has exactly one outcome", effects.undecided),
    Fact("every acknowledged effect has happened", effects.lost),
    Fact("another body under a used key is refused", mistaken),
    Fact("no effect has happened twice", effects.doubled),
    Fact("every effect has a cause", effects.uncaused),
    Fact("every answer is the outcome that is kept", differing),
    Fact("every step follows from the one before", impossible),
    Fact("waiting, inside, admitted and places won are within their limits at every point", beyond),
    Fact("order is kept", disordered),
    Fact("every order that was drawn is the one that was committed to, and bears out every receipt", unproved),
    Fact("the same commands, decided once more, give the same winners", redrawn),
    Fact("whoever looked was told what the journal tells", mistold),
    Fact("the rows are what the journal tells", unlike),
    Fact("every timer has fired once in effect, not early, not half a minute late", mistimed),
    Fact("only the ledger's clock dates anything", misdated),
    Fact("every mail has ended, and all its copies are one message", unsent),
    Fact("nothing but poison is buried, and the operator is told of each", misburied),
    Fact("nothing is pending", unfinished),
    Fact("no organization meets another's rows", strange),
    Fact("whatever broke, answers came again within half a minute", slow),
)
"""Every fact, in the order in which they are told."""


_ENTERS = frozenset({"enter", "enter draw"})
_ENTERED = frozenset({"queue.consumer.entered", "draw.consumer.entered"})


def _overtaken(evidence: Evidence) -> Iterable[tuple[Call, Call]]:
    """Pairs of enters of one queue: the second was sent after the first was answered, and has the lower ticket."""
    entered = {call.command_id: call for call in evidence.calls if call.what in _ENTERS and call.succeeded}
    for pages in (*evidence.pages_of("queue").values(), *evidence.pages_of("draw").values()):
        soonest: Call | None = None
        for event in reversed([event for page in pages for event in page.events]):
            call = entered.get(UUID(event["participationId"])) if event["type"] in _ENTERED else None
            if call is None or call.answered is None:
                continue
            if soonest is not None and soonest.answered is not None and soonest.answered < call.began:
                yield soonest, call
            if soonest is None or soonest.answered is None or call.answered < soonest.answered:
                soonest = call


def _differences(call: Call, reply: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What was told, and what was meant: first whether it was refused, and how, then each member that both have."""
    refused = reply.get("refused")
    told, meant = ("done" if call.succeeded else _answer(call)), _refusal(refused["code"]) if refused else "done"
    if told != meant:
        yield told, meant
    elif refused is None and isinstance(call.body, dict):
        yield from _unlike(call.body, reply["body"], "body")


def _unlike(told: Any, kept: Any, name: str) -> Iterable[tuple[str, str]]:
    """What differs in the members that both have, however deep; the gateway adds links and what it works out."""
    if isinstance(told, dict) and isinstance(kept, dict):
        for member in sorted(kept.keys() & told.keys() - OF_THE_MOMENT):
            yield from _unlike(told[member], kept[member], member)
    elif isinstance(told, list) and isinstance(kept, list) and len(told) == len(kept):
        for one, other in zip(told, kept, strict=True):
            yield from _unlike(one, other, name)
    elif told != kept:
        yield f"{name} {told}", str(kept)


def _refusal(code: str) -> str:
    """A refusal as `_answer` tells it."""
    return f"{problem(code).status} {code}"


def _code(call: Call) -> str:
    return call.body.get("code", "") if isinstance(call.body, dict) else ""


def _answer(call: Call) -> str:
    return "no answer" if call.answered is None else f"{call.status} {_code(call)}".strip()
