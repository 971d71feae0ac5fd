"""The phases of a person's way through a queue."""

import pytest

from domain.distribution.state import Lifecycle
from domain.queue.journey import WORDS


@pytest.mark.parametrize(
    ("status", "lifecycle", "entries_open", "expected"),
    [
        ("NOT_QUEUED", "scheduled", False, "scheduled"),
        ("NOT_QUEUED", "scheduled", True, "enterable"),
        ("NOT_QUEUED", "open", True, "enterable"),
        ("LEFT", "open", True, "enterable"),
        ("NOT_QUEUED", "settling", True, "ended"),
        ("LEFT", "closed", True, "ended"),
        ("QUEUED", "scheduled", True, "participating"),
        ("QUEUED", "open", True, "participating"),
        ("QUEUED", "settling", True, "settling"),
        ("GRANTED", "settling", True, "granted"),
        ("COMPLETED", "open", True, "ended"),
        ("DENIED", "open", True, "ended"),
    ],
)
def test_a_phase_follows_from_the_status_and_the_queue(
    status: str, lifecycle: str, *, entries_open: bool, expected: str
) -> None:
    assert WORDS.phase(status, Lifecycle(lifecycle), entries_open=entries_open) == expected


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("COMPLETED", None, "completed"),
        ("LEFT", None, "left"),
        ("DENIED", "ADMIN_ACTION", "denied"),
        ("DENIED", "ADMISSION_EXPIRED", "expired"),
        ("DENIED", "QUEUE_CLOSED", "closed"),
        ("NOT_QUEUED", None, "closed"),
    ],
)
def test_an_end_has_a_name(status: str, reason: str | None, expected: str) -> None:
    assert WORDS.outcome(status, reason) == expected
