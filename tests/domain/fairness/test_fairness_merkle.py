"""The Merkle log against the recursive definitions of RFC 9162, section 2.1."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import Frontier, inclusion_path, leaf_hash, root_of, verify_inclusion
from domain.fairness.merkle import sibling_ranges

LEAVES = [leaf_hash(index.to_bytes(2, "big")) for index in range(130)]

quick = settings(max_examples=60, deadline=None, database=None)


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = split_of(len(leaves))
    return sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    split = split_of(len(leaves))
    if index < split:
        return [*path(index, leaves[:split]), mth(leaves[split:])]
    return [*path(index - split, leaves[split:]), mth(leaves[:split])]


def split_of(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def test_a_leaf_is_tagged_as_a_leaf_of_this_log() -> None:
    assert leaf_hash(b"x") == sha256(b"\x00drumroll/leaf/1\x00x").digest()


@pytest.mark.parametrize("size", [*range(35), 63, 64, 65, 127, 128, 129, 130])
def test_the_root_is_the_recursive_one(size: int) -> None:
    assert root_of(LEAVES[:size]) == mth(LEAVES[:size])
    assert Frontier().extend(LEAVES[:size]).root() == mth(LEAVES[:size])


def test_appending_one_by_one_gives_every_root_on_the_way() -> None:
    log = Frontier()
    for size, leaf in enumerate(LEAVES):
        assert log.root() == mth(LEAVES[:size])
        log = log.append(leaf)


@quick
@given(st.lists(st.integers(0, 130), max_size=12), st.integers(0, 130))
def test_batch_borders_leave_no_trace(cuts: list[int], size: int) -> None:
    leaves = LEAVES[:size]
    borders = [0, *sorted(min(cut, size) for cut in cuts), size]
    log = Frontier()
    for start, end in pairwise(borders):
        log = Frontier.from_bytes(log.extend(leaves[start:end]).to_bytes())
    assert log == Frontier().extend(leaves)
    assert log.root() == mth(leaves)


def test_a_frontier_is_never_more_than_one_hash_per_one_bit_of_its_size() -> None:
    for size in range(len(LEAVES)):
        assert len(Frontier().extend(LEAVES[:size]).hashes) == size.bit_count()
    assert len(Frontier(2**64 - 1, (LEAVES[0],) * 64).to_bytes()) == 8 + 64 * 32


@pytest.mark.parametrize("stored", [b"", b"\x00" * 7, b"\x00" * 7 + b"\x01", b"\x00" * 8 + LEAVES[0], b"\x00" * 41])
def test_bytes_that_are_no_frontier_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a frontier|cannot have"):
        Frontier.from_bytes(stored)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, 64, 65, 130])
def test_every_leaf_is_shown_to_be_under_the_root(size: int) -> None:
    leaves, root = LEAVES[:size], mth(LEAVES[:size])
    for index in range(size):
        audit = inclusion_path(leaves, index)
        assert audit == path(index, leaves)
        assert verify_inclusion(leaves[index], index, size, audit, root)
        assert [mth(leaves[start:end]) for start, end in sibling_ranges(index, size)] == audit
        assert sum(end - start for start, end in sibling_ranges(index, size)) == size - 1


@quick
@given(st.data(), st.integers(2, 130))
def test_a_path_shows_its_own_leaf_at_its_own_place_only(data: st.DataObject, size: int) -> None:
    leaves, root = LEAVES[:size], mth(LEAVES[:size])
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    audit = inclusion_path(leaves, index)
    assert not verify_inclusion(leaves[other], index, size, audit, root)
    assert not verify_inclusion(leaves[index], other, size, audit, root)
    assert not verify_inclusion(leaves[index], index, size, audit[:-1], root)
    assert not verify_inclusion(leaves[index], index, size, [*audit, root], root)
    assert not verify_inclusion(leaves[index], index, size, audit, leaves[0] if size > 1 else b"")
    assert not verify_inclusion(leaves[index], size, size, audit, root)


def test_an_index_outside_has_no_path() -> None:
    for index in (-1, 3):
        with pytest.raises(ValueError, match="no index"):
            inclusion_path(LEAVES[:3], index)
        assert not verify_inclusion(LEAVES[0], index, 3, [], LEAVES[0])
