"""Places in a gateway: how many one organization gets, and that each is given back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.limits.in_hand import Bulkhead

VISITORS, SERVERS = "publishable", "secret"
KINDS = (VISITORS, SERVERS)


def taken_by(room: Bulkhead, owner: str, wanted: int, kinds: tuple[str, ...] = KINDS) -> int:
    return sum(room.take(owner, kind) for _ in range(wanted) for kind in kinds)


def test_one_alone_gets_half_of_the_room_whatever_its_keys() -> None:
    assert taken_by(Bulkhead(512), "hall", 1_000) == 256


@pytest.mark.parametrize("crowd", KINDS)
def test_a_crowd_of_one_kind_leaves_room_for_the_other_in_what_its_organization_may_hold(crowd: str) -> None:
    room = Bulkhead(512)
    assert taken_by(room, "hall", 1_000, (crowd,)) == 220
    (other,) = {*KINDS} - {crowd}
    assert taken_by(room, "hall", 1_000, (other,)) == 36


def test_whoever_comes_later_finds_room_and_half_of_what_is_left() -> None:
    room = Bulkhead(100)
    assert [taken_by(room, owner, 1_000) for owner in ("hall", "barn", "club", "park")] == [50, 25, 13, 6]


def test_many_who_press_alike_share_alike() -> None:
    room, owners = Bulkhead(120), ("hall", "barn", "club")
    got = dict.fromkeys(owners, 0)
    for _ in range(100):
        for owner in owners:
            got[owner] += taken_by(room, owner, 1)
    assert set(got.values()) == {30}


def test_a_place_that_was_given_back_can_be_taken_again() -> None:
    room = Bulkhead(10)
    assert taken_by(room, "hall", 10, (VISITORS,)) == 5
    room.give_back("hall", VISITORS)
    assert taken_by(room, "hall", 10, (VISITORS,)) == 1
    for _ in range(5):
        room.give_back("hall", VISITORS)
    assert (room.taken, room._held, room._of_kind) == (0, {}, {})


@pytest.mark.parametrize("most", [2, 3, 512])
def test_somebody_new_always_finds_a_place_unless_everybody_is_new(most: int) -> None:
    room = Bulkhead(most)
    taken_by(room, "hall", 10 * most)
    assert room.take("somebody new")


OWNERS = [(owner, kind) for owner in "abc" for kind in KINDS]


@given(st.integers(2, 20), st.lists(st.tuples(st.sampled_from(OWNERS), st.booleans()), max_size=60))
def test_there_are_never_more_in_it_than_places(most: int, steps: list[tuple[tuple[str, str], bool]]) -> None:
    room, held = Bulkhead(most), dict.fromkeys(OWNERS, 0)
    for owner, comes in steps:
        if comes:
            held[owner] += room.take(*owner)
        elif held[owner]:
            room.give_back(*owner)
            held[owner] -= 1
        assert room.taken == sum(held.values()) <= most
