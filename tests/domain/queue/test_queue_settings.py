"""Queues are made, changed and put away."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.decision import Refused
from domain.distribution.state import Ended
from domain.queue import rules
from domain.queue.commands import CreateQueue, UpdateQueue
from domain.queue.events import QueueChanged
from domain.queue.state import Queue
from domain.times import iso
from tests.domain.queue.queues import (
    KEY,
    NOON,
    QUEUE,
    SECRET,
    SEQUENCE,
    at,
    make_config,
    make_queue,
    make_sequence,
    moment,
    refusal_of,
    reply_of,
    the_queue,
)

HOUR = 3600


def creating(**settings: Any) -> CreateQueue:
    """A queue is asked for."""
    return CreateQueue(queue_id=QUEUE, sequence_id=SEQUENCE, config=make_config(**settings))


def updating(**changes: Any) -> UpdateQueue:
    """Members change, by their names on the wire."""
    return UpdateQueue(queue_id=QUEUE, changes=changes)


def putting(**changes: Any) -> UpdateQueue:
    """All settings are given anew."""
    return UpdateQueue(queue_id=QUEUE, changes=changes, replace=True)


def wire(seconds: float) -> str:
    """A date so long after noon, as it is sent."""
    return iso(moment(seconds)) or ""


def test_a_queue_is_made_under_its_sequence_with_the_secret_it_is_given() -> None:
    decision = rules.create(None, make_sequence(), SECRET, QUEUE, creating(capacity=10), KEY, at(5))
    queue = the_queue(decision)
    assert (queue.id, queue.sequence_id, queue.server_seed) == (QUEUE, SEQUENCE, SECRET)
    assert (queue.created_at, queue.created_by) == (moment(5), f"key:{UUID(int=9)}")
    assert (queue.line.tickets, queue.line.opened_at, queue.version) == (0, None, 1)
    reply = reply_of(decision)
    assert reply.created
    assert (reply.body["capacity"], reply.body["lifecycle"], reply.body["waitingCount"]) == (10, "open", 0)
    assert not any("eed" in name for name in reply.body)
    assert decision.events == (QueueChanged("created", moment(5)),)


def test_a_second_copy_of_the_creation_finds_the_queue() -> None:
    made = make_queue()
    decision = rules.create(made, make_sequence(), b"x" * 32, QUEUE, creating(), KEY, at(9))
    assert decision.saves == ()
    assert reply_of(decision).created
    assert reply_of(decision).body["id"] == made.id


def test_no_queue_is_made_without_a_sequence() -> None:
    assert refusal_of(rules.create(None, None, SECRET, QUEUE, creating(), KEY, at())).code == "SEQUENCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"open_at": -1}, "/openAt"),
        ({"open_at": 10, "close_at": HOUR + 1}, "/closeAt"),
        ({"close_at": HOUR + 1}, "/closeAt"),
    ],
)
def test_a_queue_lies_within_the_window_of_its_experience(window: dict[str, float], field: str) -> None:
    sequence = make_sequence(open_at=NOON, close_at=moment(HOUR))
    refused = refusal_of(rules.create(None, sequence, SECRET, QUEUE, creating(**window), KEY, at()))
    assert (refused.code, refused.field) == ("INVALID_WINDOW", field)
    fitting = creating(open_at=0, close_at=HOUR)
    assert the_queue(rules.create(None, sequence, SECRET, QUEUE, fitting, KEY, at())).config == fitting.config


def test_a_queue_may_open_in_the_year_one() -> None:
    config = make_config().model_validate({"name": "Old", "admitRate": 1, "openAt": "0001-01-01T00:00:00Z"})
    assert config.entries_from == config.open_at


def test_a_change_is_merged_and_told_by_its_names_on_the_wire() -> None:
    queue = make_queue(capacity=5, metadata={"stage": "east", "colour": "red"})
    decision = rules.update(
        queue, make_sequence(), updating(admitRate=90, metadata={"colour": None, "hall": "2"}), at(3)
    )
    after = the_queue(decision)
    assert (after.config.admit_rate, after.config.capacity) == (90, 5)
    assert after.config.metadata == {"stage": "east", "hall": "2"}
    assert (after.version, after.updated_at) == (queue.version + 1, moment(3))
    assert decision.events == (QueueChanged("updated", moment(3), fields=("admitRate", "metadata")),)
    assert after.line == queue.line


def test_null_returns_a_setting_to_its_default() -> None:
    queue = make_queue(capacity=5, completion_grace_seconds=10)
    after = the_queue(rules.update(queue, None, updating(capacity=None, completionGraceSeconds=None), at()))
    assert (after.config.capacity, after.config.completion_grace_seconds) == (None, 300)


def test_putting_returns_what_is_left_out_to_its_default() -> None:
    queue = make_queue(capacity=5, admit_burst=7)
    after = the_queue(rules.update(queue, None, putting(name="Side door", admitRate=30, admitBurst=9), at()))
    assert after.config == make_config(name="Side door", admit_rate=30, admit_burst=9)


@pytest.mark.parametrize("asking", [updating, putting])
def test_a_change_that_changes_nothing_is_none(asking: Callable[..., UpdateQueue]) -> None:
    queue = make_queue()
    decision = rules.update(queue, None, asking(name="Main door", admitRate=60), at(4))
    assert (decision.saves, decision.events) == ((), ())
    assert reply_of(decision).body["version"] == queue.version


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": None}, "VALIDATION_ERROR", "/name"),
        ({"admitRate": 0}, "VALIDATION_ERROR", "/admitRate"),
        ({"admitRate": "90"}, "VALIDATION_ERROR", "/admitRate"),
        ({"admitRate": True}, "VALIDATION_ERROR", "/admitRate"),
        ({"admit_rate": 90}, "VALIDATION_ERROR", "/admit_rate"),
        ({"speed": 1}, "VALIDATION_ERROR", "/speed"),
        ({"name": "nul\x00"}, "VALIDATION_ERROR", "/name"),
        ({"reserveInventory": True}, "VALIDATION_ERROR", "/reserveInventory"),
        ({"closeAt": "2026-11-21"}, "VALIDATION_ERROR", "/closeAt"),
        ({"serviceCloseAt": wire(1), "closeAt": wire(2)}, "INVALID_WINDOW", ""),
    ],
)
def test_a_change_that_is_no_setting_is_refused(changes: dict[str, Any], code: str, field: str) -> None:
    refused = refusal_of(rules.update(make_queue(), None, updating(**changes), at()))
    assert (refused.code, refused.field) == (code, field)


def test_putting_needs_what_creating_needs() -> None:
    refused = refusal_of(rules.update(make_queue(), None, putting(name="Side door"), at()))
    assert (refused.code, refused.field) == ("VALIDATION_ERROR", "/admitRate")


def test_a_change_names_the_version_it_saw() -> None:
    queue = make_queue()
    seen = updating(admitRate=5).model_copy(update={"if_version": 1})
    assert the_queue(rules.update(queue, None, seen, at())).version == 2
    assert refusal_of(rules.update(replace(queue, version=2), None, seen, at())) == Refused(
        "VERSION_CONFLICT", "The queue is at version 2 now."
    )


OPENED = make_queue()
ENTERED = make_queue(open_at=100).with_line(tickets=1, waiting=1)
TAKES_ENTRIES = make_queue(open_at=100)
EARLY = make_queue(open_at=2 * HOUR)
HIDDEN = make_queue(open_at=100, published=False)
CLOSES = make_queue(close_at=HOUR)


@pytest.mark.parametrize(
    ("queue", "changes", "frozen"),
    [
        pytest.param(EARLY, {"timeZone": "Europe/Vienna"}, None, id="zone long before"),
        pytest.param(EARLY, {"onExpiry": "requeue"}, None, id="rules long before"),
        pytest.param(HIDDEN, {"requeueLimit": 3}, None, id="rules while hidden"),
        pytest.param(TAKES_ENTRIES, {"timeZone": "Europe/Vienna"}, "/timeZone", id="zone from entryOpenAt"),
        pytest.param(TAKES_ENTRIES, {"onExpiry": "requeue"}, "/onExpiry", id="rules from entryOpenAt"),
        pytest.param(ENTERED, {"requeueLimit": 2}, "/requeueLimit", id="rules once somebody entered"),
        pytest.param(ENTERED, {"openAt": wire(200)}, None, id="openAt before it"),
        pytest.param(OPENED, {"openAt": wire(200)}, "/openAt", id="openAt once reached"),
        pytest.param(OPENED, {"openAt": wire(2000), "entryOpenAt": wire(9)}, "/entryOpenAt", id="entryOpenAt once open"),
        pytest.param(OPENED, {"admissionExpirationSeconds": 60, "admitRate": 1, "name": "x"}, None, id="what may change"),
        pytest.param(OPENED, {"closeAt": wire(200)}, None, id="an end where there was none"),
        pytest.param(CLOSES, {"closeAt": wire(HOUR + 1)}, None, id="closeAt later"),
        pytest.param(CLOSES, {"closeAt": None}, None, id="no end any more"),
        pytest.param(CLOSES, {"closeAt": wire(HOUR - 1)}, "/closeAt", id="closeAt earlier"),
        pytest.param(CLOSES, {"serviceCloseAt": wire(HOUR)}, None, id="serviceCloseAt"),
        pytest.param(make_queue(waiting=3), {"capacity": 2}, "/capacity", id="capacity below the line"),
        pytest.param(make_queue(waiting=3), {"capacity": 3}, None, id="capacity of the line"),
        pytest.param(make_queue(inside=3), {"maxActiveGrants": 2}, "/maxActiveGrants", id="places below the inside"),
        pytest.param(make_queue(admitted=3), {"maxAdmissions": 2}, "/maxAdmissions", id="admissions below the admitted"),
    ],
)  # fmt: skip
def test_what_people_rely_on_is_frozen(queue: Queue, changes: dict[str, Any], frozen: str | None) -> None:
    decision = rules.update(queue, make_sequence(), updating(**changes), at(1))
    if frozen is None:
        assert the_queue(decision).version == queue.version + 1
    else:
        refused = refusal_of(decision)
        assert (refused.code, refused.field) == ("FIELD_FROZEN", frozen)


def test_a_changed_window_stays_within_its_experience() -> None:
    sequence = make_sequence(close_at=moment(HOUR))
    refused = refusal_of(rules.update(make_queue(), sequence, updating(closeAt=wire(HOUR + 1)), at()))
    assert (refused.code, refused.field) == ("INVALID_WINDOW", "/closeAt")


def test_an_ended_queue_does_not_change() -> None:
    ended = replace(make_queue(), ended=Ended(NOON, "fire"))
    assert refusal_of(rules.update(ended, None, updating(name="x"), at())).code == "DISTRIBUTION_CLOSED"


def test_a_lower_rate_does_not_keep_the_credit_of_the_higher_one() -> None:
    rich = make_queue(admit_rate=600, admit_burst=500).with_line(credit=500 * 60_000_000, waiting=400)
    poor = the_queue(rules.update(rich, None, updating(admitRate=60, admitBurst=None), at()))
    assert rules.room(poor, moment(0))[1] == 1


@pytest.mark.parametrize("field", ["waiting", "inside"])
def test_nobody_is_put_away_with_a_queue(field: str) -> None:
    refused = refusal_of(rules.archive(make_queue(**{field: 1}), None, at()))
    assert refused.code == "HAS_LIVE_PARTICIPANTS"


def test_an_empty_queue_is_put_away_at_the_version_that_was_seen() -> None:
    assert refusal_of(rules.archive(make_queue(), 4, at())).code == "VERSION_CONFLICT"
    decision = rules.archive(make_queue(), 1, at())
    assert the_queue(decision).archived
    assert decision.events == (QueueChanged("archived", NOON),)


def test_a_queue_that_was_put_away_before_it_opened_never_opens() -> None:
    gone = replace(make_queue(open_at=10), archived=True)
    assert rules.open_if_due(gone, at(20)).saves == ()
    assert rules.next_knock(gone, moment(5)) is None
