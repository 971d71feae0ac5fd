"""A storm made by hand, broken in one way each, and which fact says so: what was called, decided, answered."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.chaos.storm.book import Call
from tests.chaos.tale import Tale, named

Break = Callable[[Tale], None]
ENTERED, VALIDATED, COMPLETED = "queue.consumer.entered", "queue.grant.validated", "queue.consumer.completed"
GRAVE = UUID(int=9)


def page(tale: Tale, kind: str, *, last: bool = False) -> Any:
    """The first, or last, page with an event of this type."""
    found = [one for one in tale.pages if one.events[0]["type"] == kind]
    return found[-1 if last else 0]


def call(tale: Tale, word: str) -> Any:
    """The call that a word stands for."""
    return next(one for one in tale.calls if one.command_id == named(word))


def on_evidence(**changes: Any) -> Break:
    """The evidence differs only in these members."""

    def breaks(tale: Tale) -> None:
        tale.after.append(lambda evidence: [setattr(evidence, name, value) for name, value in changes.items()] and None)

    return breaks


def nobody_answers(tale: Tale) -> None:
    call(tale, "leave ann").answered = None


def answered_with_a_fault(tale: Tale) -> None:
    one = call(tale, "validate ann")
    one.status, one.body = 500, {"code": "INTERNAL_ERROR"}


def outcome_missing(tale: Tale) -> None:
    one = page(tale, VALIDATED)
    one.command_ids.clear()
    one.replies.clear()


def outcome_twice(tale: Tale) -> None:
    one = page(tale, VALIDATED)
    tale.pages[-1].command_ids.extend(one.command_ids)
    tale.pages[-1].replies.extend(one.replies)


def effect_lost(tale: Tale) -> None:
    page(tale, VALIDATED).events.clear()


def effect_doubled(tale: Tale) -> None:
    one = page(tale, VALIDATED)
    one.events.append(one.events[0])


def place_that_nobody_asked_for(tale: Tale) -> None:
    tale.decided(tale.happens(ENTERED, "eve", ticket=3))
    tale.decided(tale.happens("queue.consumer.left", "eve"))


def event_that_nobody_knows(tale: Tale) -> None:
    tale.pages[-1].events.append({"type": "queue.consumer.vanished"})


def command_that_nobody_sent(tale: Tale) -> None:
    tale.pages[-1].command_ids.append(named("a stranger's"))
    tale.pages[-1].replies.append({"type": "queue.leave", "body": {}})


def answer_of_another_place(tale: Tale) -> None:
    call(tale, "enter ann").body = {"participationId": str(named("enter ben"))}


def told(word: str, **members: Any) -> Break:
    """A call was answered with other members than its outcome has."""

    def breaks(tale: Tale) -> None:
        one = call(tale, word)
        one.body = one.body | members

    return breaks


def kept_with(word: str, **members: Any) -> Break:
    """The outcome of a call has these members as well."""

    def breaks(tale: Tale) -> None:
        reply = next(one for one in tale.pages if named(word) in one.command_ids).replies[0]
        reply["body"] = reply["body"] | members

    return breaks


def told_of_another_state(tale: Tale) -> None:
    kept_with("enter ann", status="QUEUED", ticket=3, position=1)(tale)
    told("enter ann", status="GRANTED", ticket=77, position=None)(tale)


def done_and_told_that_it_is_refused(tale: Tale) -> None:
    tale.enters("dan", 3)
    tale.does("leave", "queue.consumer.left", "dan")
    one = call(tale, "enter dan")
    one.status, one.body, one.caused = 409, {"code": "QUEUE_FULL"}, ()


def refused_and_told(status: int, **body: Any) -> Break:
    """An enter is refused because the queue is full, and its sender is told this."""

    def breaks(tale: Tale) -> None:
        own_id = named("enter dan")
        reply = {"type": "queue.enter", "refused": {"code": "QUEUE_FULL", "retryAfter": None}}
        tale.pages[-1].command_ids.append(own_id)
        tale.pages[-1].replies.append(reply)
        tale.calls.append(Call("enter", own_id, 1.0, (), 2.0, status, body, ()))

    return breaks


def outcome_of_a_call_without_a_key(tale: Tale) -> None:
    tale.pages[-1].command_ids.append(GRAVE)
    tale.pages[-1].replies.append({"type": "queue.leave", "actor": str(tale.by), "keyed": None, "body": {}})


def outcome_under_a_key_of_somebody_who_sent_none(tale: Tale) -> None:
    tale.keyless("say name")
    outcome_of_a_call_without_a_key(tale)
    tale.pages[-1].replies[-1]["keyed"] = "a body"


def keyless_decided_twice(tale: Tale) -> None:
    tale.keyless("say name")
    outcome_of_a_call_without_a_key(tale)
    outcome_of_a_call_without_a_key(tale)


def keyless_and_done_twice(tale: Tale) -> None:
    """The grant was good, twice, for a shop that asked once and heard nothing."""
    answered = call(tale, "validate ann")
    tale.calls.remove(answered)
    one = page(tale, VALIDATED)
    one.replies[0] |= {"actor": str(tale.by), "keyed": None}
    one.events.append(one.events[0])
    tale.keyless("validate").causes = answered.causes


def keyless_and_never_decided(tale: Tale) -> None:
    tale.keyless("say name", 200)


def keyless_and_lost(tale: Tale) -> None:
    one = tale.keyless("validate", 200)
    outcome_of_a_call_without_a_key(tale)
    one.causes = one.caused = ((VALIDATED, "somebody else"),)


def accepted_and_never_told(tale: Tale) -> None:
    tale.keyless("say name").unknown = False


def another_body_is(status: int, code: str = "") -> Break:
    """Somebody sends another body under the key of their enter, and is answered so."""

    def breaks(tale: Tale) -> None:
        body = {"code": code} if code else call(tale, "enter ann").body
        tale.more["misuses"] = [Call("enter", named("enter ann"), 9.0, (), 9.5, status, body)]

    return breaks


def entry_amid_poison_missing(tale: Tale) -> None:
    tale.after.append(lambda evidence: evidence.poison.sure_ids.add(GRAVE))


CALLS: list[tuple[str, Break]] = [
    ("unanswered", nobody_answers),
    ("unanswered", answered_with_a_fault),
    ("unanswered", accepted_and_never_told),
    ("unanswered", on_evidence(broken=["buys could not go on"])),
    ("undecided", outcome_missing),
    ("undecided", outcome_twice),
    ("undecided", entry_amid_poison_missing),
    ("undecided", keyless_decided_twice),
    ("undecided", keyless_and_never_decided),
    ("lost", effect_lost),
    ("lost", keyless_and_lost),
    ("mistaken", another_body_is(200)),
    ("mistaken", another_body_is(409, "QUEUE_FULL")),
    ("doubled", effect_doubled),
    ("doubled", keyless_and_done_twice),
    ("uncaused", place_that_nobody_asked_for),
    ("uncaused", event_that_nobody_knows),
    ("uncaused", command_that_nobody_sent),
    ("uncaused", outcome_of_a_call_without_a_key),
    ("uncaused", outcome_under_a_key_of_somebody_who_sent_none),
    ("differing", answer_of_another_place),
    ("differing", told_of_another_state),
    ("differing", done_and_told_that_it_is_refused),
    ("differing", refused_and_told(200, participationId=str(GRAVE))),
]
