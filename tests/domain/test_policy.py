"""The policy: what each caller may do with each object, now."""

import pytest

from domain.policy import (
    CONSUMER,
    PUBLISHABLE,
    SECRET,
    ExperienceKept,
    KeyKept,
    ParticipationKept,
    QueueRun,
    QueueSeen,
    actions,
    can,
)

OPEN = QueueSeen("open", None, entries_open=True)


@pytest.mark.parametrize(
    ("seen", "may"),
    [
        (OPEN, True),
        (QueueSeen("scheduled", None, entries_open=True), True),
        (QueueSeen("scheduled", None, entries_open=False), False),
        (QueueSeen("settling", None, entries_open=True), False),
        (QueueSeen("closed", None, entries_open=True), False),
        (QueueSeen("open", "SERVICE", entries_open=True), True),
        (QueueSeen("open", "ENTRY", entries_open=True), False),
        (QueueSeen("open", "ALL", entries_open=True), False),
        (QueueSeen("open", None, entries_open=True, participation="QUEUED"), False),
        (QueueSeen("open", None, entries_open=True, participation="LEFT"), True),
        (QueueSeen("open", None, entries_open=True, participation="DENIED"), False),
    ],
)
def test_entering_is_for_those_who_are_not_inside_while_entries_are_taken(seen: QueueSeen, *, may: bool) -> None:
    assert can(CONSUMER, "enter", seen) is may


def test_a_stranger_enters_only_where_guests_are_allowed() -> None:
    assert can(PUBLISHABLE, "enter", OPEN)
    assert not can(PUBLISHABLE, "enter", QueueSeen("open", None, entries_open=True, guests=False))
    assert not can(PUBLISHABLE, "status", OPEN)


def test_leaving_is_for_those_who_are_inside() -> None:
    assert not can(CONSUMER, "leave", OPEN)
    for status in ("QUEUED", "GRANTED"):
        assert can(CONSUMER, "leave", QueueSeen("closed", "ALL", entries_open=False, participation=status))


def test_a_running_queue_can_be_paused_and_a_paused_one_resumed() -> None:
    running = QueueRun("open", paused=False, archived=False, live=True, provable=True)
    paused = QueueRun("open", paused=True, archived=False, live=False, provable=False)
    assert actions(SECRET, running) == ("update", "replace", "pause", "kill", "consumers", "metrics", "proof")
    assert actions(SECRET, paused) == ("update", "replace", "archive", "resume", "kill", "consumers", "metrics")


def test_an_ended_queue_can_only_be_looked_at_and_put_away() -> None:
    ended = QueueRun("closed", paused=False, archived=False, live=False, provable=True)
    assert actions(SECRET, ended) == ("archive", "consumers", "metrics", "proof")


@pytest.mark.parametrize(
    ("status", "may"), [("QUEUED", ("admit", "deny")), ("GRANTED", ("deny", "complete")), ("COMPLETED", ())]
)
def test_a_server_deals_with_those_who_are_inside(status: str, may: tuple[str, ...]) -> None:
    assert actions(SECRET, ParticipationKept(status)) == may


def test_an_experience_is_published_once() -> None:
    assert "publish" in actions(SECRET, ExperienceKept(published=False, archived=False))
    assert "publish" not in actions(SECRET, ExperienceKept(published=True, archived=False))


def test_a_revoked_key_can_be_nothing_any_more() -> None:
    assert actions(SECRET, KeyKept("REVOKED")) == ()
    assert actions(SECRET, KeyKept("RETIRING")) == ("revoke",)


def test_what_is_not_listed_is_not_allowed() -> None:
    assert not can(CONSUMER, "kill", QueueRun("open", paused=False, archived=False, live=False, provable=False))
    assert not can(SECRET, "sing", OPEN)
    assert not can("nobody", "status", OPEN)
    assert not can(SECRET, "update", object())
