"""Looking again: never later than hinted, never in a frenzy, in time for one's turn."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.crowd.pace import AFTER_OPENING, SOONEST, next_look
from cli.crowd.story import seen_in


def waiting(**members: Any) -> Any:
    return seen_in({"status": "QUEUED", "pollAfterSeconds": 30, **members})


def test_before_the_opening_people_look_again_soon_after_it() -> None:
    pauses = [next_look(waiting(preOpen=True), 10.0, 100.0, Random(n)) for n in range(50)]
    assert all(10.0 <= pause <= 10.0 + AFTER_OPENING for pause in pauses)
    assert max(pauses) - min(pauses) > 1.0


def test_a_shorter_hint_is_honoured() -> None:
    assert next_look(waiting(preOpen=True, pollAfterSeconds=3), 20.0, 100.0, Random(1)) <= 3 * 1.2


@given(st.integers(1, 100_000), st.floats(0.1, 1000), st.one_of(st.none(), st.floats(0, 1e4)), st.integers(0, 99))
def test_nobody_looks_after_the_earliest_moment_of_their_turn(
    position: int, per_second: float, estimate: float | None, seed: int
) -> None:
    seen = waiting(position=position, estimatedWaitTimeInSeconds=estimate)
    pause = next_look(seen, None, per_second, Random(seed))
    assert SOONEST <= pause <= 36.0
    assert pause <= max(SOONEST, position / per_second)
