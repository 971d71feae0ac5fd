"""A fact that cannot fail is worth nothing: each fails alone where only what it guards is broken."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.storm.agent import Happened
from tests.chaos.storm.book import Call
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.facts import FACTS
from tests.chaos.storm.plan import Planned
from tests.chaos.tale import Tale, named, quiet_tale

Break = Callable[[Tale], None]
ENTERED, VALIDATED, COMPLETED = "queue.consumer.entered", "queue.grant.validated", "queue.consumer.completed"
GRAVE = UUID(int=9)


def failed(evidence: Evidence) -> list[str]:
    """The facts that do not hold."""
    return [fact.against.__name__ for fact in FACTS if fact.against(evidence)]


def page(tale: Tale, kind: str, *, last: bool = False) -> Any:
    """The first, or last, page with an event of this type."""
    found = [one for one in tale.pages if one.events[0]["type"] == kind]
    return found[-1 if last else 0]


def call(tale: Tale, word: str) -> Any:
    """The call that a word stands for."""
    return next(one for one in tale.calls if one.command_id == named(word))


def settings(tale: Tale, **changes: Any) -> None:
    """The queue was made with other settings."""
    tale.pages[0].replies[0]["body"].update(changes)


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


def version_left_out(tale: Tale) -> None:
    page(tale, COMPLETED).events[0]["stateVersion"] += 1


def two_places(tale: Tale) -> None:
    page(tale, ENTERED, last=True).events[0]["consumerId"] = "ben"


def too_many_wait(tale: Tale) -> None:
    settings(tale, capacity=0)


def too_many_inside(tale: Tale) -> None:
    settings(tale, maxActiveGrants=0)


def too_many_admitted(tale: Tale) -> None:
    settings(tale, maxAdmissions=0)


def rank_passed_over(tale: Tale) -> None:
    page(tale, "queue.consumer.granted", last=True).events[0]["rank"] = 0


def ticket_left_out(tale: Tale) -> None:
    page(tale, ENTERED, last=True).events[0]["ticket"] = 5


def overtaken(tale: Tale) -> None:
    first, second = call(tale, "enter ann"), call(tale, "enter ben")
    first.began, first.answered = second.answered + 1, second.answered + 2


def let_in_during_a_pause(tale: Tale) -> None:
    page(tale, "queue.order.fixed").events.append({"type": "distribution.changed", "change": "paused"})
    effect = (("distribution.changed", f"{tale.pages[0].aggregate_id} paused"),)
    tale.calls[0].causes = tale.calls[0].caused = tale.calls[0].causes + effect


def opened_early(tale: Tale) -> None:
    settings(tale, openAt="2026-11-22T00:00:03+00:00")


def lapsed_early(tale: Tale) -> None:
    page(tale, "queue.consumer.denied").events[0]["deniedAt"] = "2026-11-22T00:00:09+00:00"


def lapsed_late(tale: Tale) -> None:
    page(tale, "queue.consumer.denied").events[0]["deniedAt"] = "2026-11-22T00:05:00+00:00"


def time_runs_back(tale: Tale) -> None:
    tale.pages[-1] = replace(tale.pages[-1], at=tale.pages[0].at)


def dated_by_another_clock(tale: Tale) -> None:
    tale.pages[:] = [replace(one, at=one.at.replace(year=2025)) for one in tale.pages]


def row_of_another_count(tale: Tale) -> None:
    tale.after.append(lambda evidence: setattr(evidence.queues[0], "waiting", 4))


def row_of_another_status(tale: Tale) -> None:
    tale.after.append(lambda evidence: setattr(evidence.entries[0], "status", "COMPLETED"))


def row_that_nobody_wrote_of(tale: Tale) -> None:
    stray = SimpleNamespace(tenant_id=UUID(int=1), id=GRAVE, queue_id=UUID(int=2), status="LEFT", version=2)
    tale.after.append(lambda evidence: setattr(evidence, "entries", [*evidence.entries, stray]))


def row_of_a_stranger(tale: Tale) -> None:
    tale.after.append(lambda evidence: setattr(evidence.entries[0], "tenant_id", UUID(int=4)))


def mail(state: str) -> Any:
    """A mail that is owed for the grave."""
    return SimpleNamespace(id=GRAVE, state=state)


def dead(kind: str) -> Any:
    """What is buried."""
    return SimpleNamespace(id=GRAVE, type=kind, error="by nothing")


def letter(text: str) -> bytes:
    """A message that came."""
    return f"Message-ID: <{GRAVE}@storm.test>\n\n{text}".encode()


def poisoned(state: str, *letters: bytes) -> Break:
    """One batch of poison was put in and buried; its mail stands so, and these messages came."""

    def breaks(tale: Tale) -> None:
        on_evidence(mails=[mail(state)], dead=[dead("unreadable")], received=letters)(tale)
        tale.after.append(lambda evidence: setattr(evidence.poison, "sure", 1))

    return breaks


def long_silence(tale: Tale) -> None:
    planned = Planned(0.0, "Redis killed", "redis", 0.0, 0)
    tale.more["happened"] = [Happened(planned, 0.0, -40.0)]


def silence_to_the_end(tale: Tale) -> None:
    planned = Planned(0.0, "Redis killed", "redis", 0.0, 0)
    tale.more["happened"] = [Happened(planned, 0.0, 1_000.0)]


def agent_that_could_not(tale: Tale) -> None:
    planned = Planned(0.0, "Redis killed", "redis", 0.0, 0)
    tale.more["happened"] = [Happened(planned, 0.0, 0.0, "TimeoutError")]


def entry_amid_poison_missing(tale: Tale) -> None:
    tale.after.append(lambda evidence: evidence.poison.sure_ids.add(GRAVE))


BREAKS: list[tuple[str, Break]] = [
    ("unanswered", nobody_answers),
    ("unanswered", answered_with_a_fault),
    ("unanswered", on_evidence(broken=["buys could not go on"])),
    ("undecided", outcome_missing),
    ("undecided", outcome_twice),
    ("undecided", entry_amid_poison_missing),
    ("lost", effect_lost),
    ("doubled", effect_doubled),
    ("uncaused", place_that_nobody_asked_for),
    ("uncaused", event_that_nobody_knows),
    ("uncaused", command_that_nobody_sent),
    ("differing", answer_of_another_place),
    ("differing", told_of_another_state),
    ("differing", done_and_told_that_it_is_refused),
    ("differing", refused_and_told(200, participationId=str(GRAVE))),
    ("impossible", version_left_out),
    ("impossible", two_places),
    ("beyond", too_many_wait),
    ("beyond", too_many_inside),
    ("beyond", too_many_admitted),
    ("disordered", rank_passed_over),
    ("disordered", ticket_left_out),
    ("disordered", overtaken),
    ("disordered", let_in_during_a_pause),
    ("unproved", on_evidence(unproved=["opening 0: the seed is another"])),
    ("unlike", row_of_another_count),
    ("unlike", row_of_another_status),
    ("unlike", row_that_nobody_wrote_of),
    ("unlike", on_evidence(miskept=["a grant"])),
    ("mistimed", opened_early),
    ("mistimed", lapsed_early),
    ("mistimed", lapsed_late),
    ("mistimed", time_runs_back),
    ("misdated", dated_by_another_clock),
    ("unsent", poisoned("deferred")),
    ("unsent", poisoned("sent")),
    ("unsent", poisoned("sent", letter("one"), letter("another"))),
    ("unsent", on_evidence(received=[letter("from nobody")])),
    ("misburied", on_evidence(mails=[mail("dead")], dead=[dead("queue.enter")])),
    ("misburied", on_evidence(mails=[mail("dead")])),
    ("unfinished", on_evidence(pending={"commands in the log": 1})),
    ("strange", row_of_a_stranger),
    ("slow", long_silence),
    ("slow", agent_that_could_not),
    ("slow", silence_to_the_end),
]


def test_a_quiet_tale_holds_every_fact() -> None:
    assert failed(quiet_tale().evidence()) == []


@pytest.mark.parametrize(
    ("fact", "breaks"), BREAKS, ids=[f"{fact}-{number}" for number, (fact, _) in enumerate(BREAKS)]
)
def test_what_is_broken_is_found_by_the_fact_that_guards_it(fact: str, breaks: Break) -> None:
    tale = quiet_tale()
    breaks(tale)
    assert failed(tale.evidence()) == [fact]


def test_every_fact_is_broken_once() -> None:
    assert {fact for fact, _ in BREAKS} == {fact.against.__name__ for fact in FACTS}


def test_poison_that_was_buried_and_told_of_is_no_finding() -> None:
    tale = quiet_tale()
    poisoned("sent", letter("once"), letter("once"))(tale)
    assert failed(tale.evidence()) == []


def test_an_answer_that_works_out_the_place_when_it_is_told_is_no_finding() -> None:
    tale = quiet_tale()
    kept_with("enter ann", status="QUEUED", ticket=3, position=7)(tale)
    told("enter ann", status="QUEUED", position=2)(tale)
    refused_and_told(409, code="QUEUE_FULL")(tale)
    assert failed(tale.evidence()) == []


def test_somebody_who_waits_still_is_a_finding() -> None:
    tale = quiet_tale()
    tale.enters("dan", 3)
    assert failed(tale.evidence()) == ["unfinished"]


def test_an_effect_of_a_call_that_nobody_heard_back_from_is_neither_lost_nor_uncaused() -> None:
    for happened in (True, False):
        tale = quiet_tale()
        one = call(tale, "validate ann")
        one.answered, one.caused = None, ()
        if not happened:
            page(tale, VALIDATED).events.clear()
        assert failed(tale.evidence()) == ["unanswered"]
