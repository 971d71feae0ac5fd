"""A fact that cannot fail is worth nothing: each fails alone where only what it guards is broken."""

import pytest

from tests.chaos.broken_calls import (
    CALLS,
    VALIDATED,
    Break,
    another_body_is,
    call,
    kept_with,
    outcome_of_a_call_without_a_key,
    page,
    refused_and_told,
    told,
)
from tests.chaos.broken_draws import DRAWS
from tests.chaos.broken_ledgers import LEDGERS, letter, poisoned
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.facts import FACTS
from tests.chaos.tale import quiet_tale

BREAKS = [*CALLS, *LEDGERS]


def failed(evidence: Evidence) -> list[str]:
    """The facts that do not hold."""
    return [fact.against.__name__ for fact in FACTS if fact.against(evidence)]


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
    assert {fact for fact, _ in (*BREAKS, *DRAWS)} == {fact.against.__name__ for fact in FACTS}


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


def test_a_call_without_a_key_may_be_done_or_not_when_nobody_answers() -> None:
    for happened in (True, False):
        tale = quiet_tale()
        tale.keyless("say name")
        if happened:
            outcome_of_a_call_without_a_key(tale)
        assert failed(tale.evidence()) == []


def test_another_body_under_a_used_key_is_refused_or_nobody_knows() -> None:
    for breaks in (another_body_is(422, "IDEMPOTENCY_KEY_REUSED"), another_body_is(503, "OVERLOADED")):
        tale = quiet_tale()
        breaks(tale)
        tale.more["misuses"][0].unknown = tale.more["misuses"][0].status == 503
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
