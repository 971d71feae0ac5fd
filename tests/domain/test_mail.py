"""What follows from an attempt to deliver a mail."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.mail import BACKOFF, KEPT_FOR, OWED_FOR, UNKNOWN_TRIES, Attempt, MailState, Tried, after, pause

NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)


def tried(attempts: int = 1, unknowns: int = 0, *, mail: int = 1, left: timedelta = OWED_FOR) -> Tried:
    """A mail after some attempts."""
    return Tried(UUID(int=mail), attempts, unknowns, NOW + left)


@pytest.mark.parametrize(
    ("attempt", "state"),
    [
        (Attempt.ACCEPTED, MailState.SENT),
        (Attempt.REFUSED, MailState.BOUNCED),
        (Attempt.LATER, MailState.DEFERRED),
        (Attempt.UNHEARD, MailState.UNKNOWN),
    ],
)
def test_an_attempt_leaves_a_mail_where_its_answer_says(attempt: Attempt, state: MailState) -> None:
    assert after(attempt, tried(), NOW).state is state


def test_a_mail_that_is_done_is_looked_at_again_only_to_be_forgotten() -> None:
    assert after(Attempt.ACCEPTED, tried(), NOW).next_at == NOW + KEPT_FOR


def test_an_unheard_mail_is_given_up_after_its_tries() -> None:
    standings = [after(Attempt.UNHEARD, tried(n + 1, n), NOW).state for n in range(UNKNOWN_TRIES)]
    assert standings == [MailState.UNKNOWN] * (UNKNOWN_TRIES - 1) + [MailState.DEAD]


def test_a_mail_that_would_be_tried_after_its_end_is_given_up_now() -> None:
    assert after(Attempt.LATER, tried(left=timedelta(seconds=30)), NOW).state is MailState.DEAD


def test_pauses_grow_and_are_spread_by_a_fifth() -> None:
    for attempts, wait in enumerate([*BACKOFF, BACKOFF[-1]], start=1):
        pauses = {pause(tried(attempts, mail=number)) / wait for number in range(200)}
        assert 0.8 <= min(pauses) < 0.85
        assert 1.15 < max(pauses) <= 1.2


def test_the_same_attempt_gives_the_same_standing() -> None:
    assert after(Attempt.LATER, tried(3), NOW) == after(Attempt.LATER, tried(3), NOW)
