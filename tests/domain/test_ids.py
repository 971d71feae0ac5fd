"""Identifiers."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import unix_ms, uuid7, uuid7_text
from runtime.clock import Clock

_MILLISECONDS = st.integers(0, 2**48 - 1)


@given(_MILLISECONDS, st.binary(min_size=10, max_size=10))
def test_the_text_of_an_id_is_that_of_the_id(milliseconds: int, entropy: bytes) -> None:
    assert uuid7_text(milliseconds, entropy).decode() == str(uuid7(milliseconds, entropy))


@given(_MILLISECONDS, st.binary(min_size=10, max_size=10))
def test_an_id_carries_its_time_version_and_variant(milliseconds: int, entropy: bytes) -> None:
    made = uuid7(milliseconds, entropy)
    assert (made.int >> 80, made.version, made.variant) == (milliseconds, 7, "specified in RFC 4122")


@pytest.mark.parametrize("times", [1, 2_000])
def test_a_clock_never_gives_an_id_twice(times: int) -> None:
    clock = Clock()
    now = unix_ms(clock.now())
    made = [UUID(clock.new_id_text(now).decode()) for _ in range(times)] + [clock.new_id() for _ in range(times)]
    assert len(set(made)) == 2 * times
