"""The phases of a person's way through a draw."""

import pytest

from domain.distribution.state import Lifecycle
from domain.draw.journey import WORDS


@pytest.mark.parametrize(
    ("status", "lifecycle", "expected"),
    [
        ("NOT_ENTERED", "scheduled", "scheduled"),
        ("NOT_ENTERED", "open", "enterable"),
        ("LEFT", "open", "enterable"),
        ("NOT_ENTERED", "settling", "ended"),
        ("ENTERED", "open", "participating"),
        ("ENTERED", "settling", "settling"),
        ("WON", "settling", "granted"),
        ("COMPLETED", "closed", "ended"),
        ("DENIED", "settling", "ended"),
    ],
)
def test_a_phase_follows_from_the_status_and_the_draw(status: str, lifecycle: str, expected: str) -> None:
    assert WORDS.phase(status, Lifecycle(lifecycle), entries_open=False) == expected


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("COMPLETED", None, "completed"),
        ("LEFT", None, "left"),
        ("DENIED", "NOT_SELECTED", "lost"),
        ("DENIED", "FRAUD_DETECTED", "denied"),
        ("DENIED", "ADMISSION_EXPIRED", "expired"),
        ("DENIED", "DRAW_CLOSED", "closed"),
        ("NOT_ENTERED", None, "closed"),
    ],
)
def test_an_end_has_a_name(status: str, reason: str | None, expected: str) -> None:
    assert WORDS.outcome(status, reason) == expected
