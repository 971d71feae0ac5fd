"""Identifiers."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import canonical_id, same_id, unix_ms, uuid7, uuid7_text
from runtime.clock import Clock

_MILLISECONDS = st.integers(0, 2**48 - 1)


@given(_MILLISECONDS, st.binary(min_size=10, max_size=10))
def test_the_text_of_an_id_is_that_of_the_id(milliseconds: int, entropy: bytes) -> None:
    assert uuid7_text(milliseconds, entropy).decode() == str(uuid7(milliseconds, entropy))


@given(_MILLISECONDS, st.binary(min_size=10, max_size=10))
def test_an_id_carries_its_time_version_and_variant(milliseconds: int, entropy: bytes) -> None:
    made = uuid7(milliseconds, entropy)
    assert (made.int >> 80, made.version, made.variant) == (milliseconds, 7, "specified in RFC 4122")


@pytest.mark.parametrize(
    "text",
    [
        "019a00000000-7000-8000-0000-00000000-000", "019a0000-0000-7000-8000-0000000000_0",
        "0x9a0000-0000-7000-8000-000000000000", "{019a0000-0000-7000-80000000-00000000}", "019a0000000070008000000000000000", "",
    ],
)  # fmt: skip
def test_what_only_resembles_an_id_is_none(text: str) -> None:
    for parse in (same_id, canonical_id):
        with pytest.raises(ValueError, match=r"badly formed|invalid literal|^.{0,40}$"):
            parse(text)


def test_the_same_text_is_the_same_object() -> None:
    text = "019A0000-0000-7000-8000-00000000abcd"
    assert same_id(text) is same_id(text)
    assert same_id(text) == UUID(text)


@pytest.mark.parametrize("times", [1, 2_000])
def test_a_clock_never_gives_an_id_twice(times: int) -> None:
    clock = Clock()
    now = unix_ms(clock.now())
    made = [UUID(clock.new_id_text(now).decode()) for _ in range(times)] + [clock.new_id() for _ in range(times)]
    assert len(set(made)) == 2 * times
