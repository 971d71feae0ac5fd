"""Paths made while a batch is appended are those of the whole log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import BatchTree, Frontier, inclusion_path, leaf_hash, root_of, verify_inclusion

LEAVES = [leaf_hash(index.to_bytes(2, "big")) for index in range(200)]


def check(before: int, size: int) -> None:
    """Compare the tree after a batch with the whole log."""
    log = LEAVES[:size]
    tree = BatchTree(Frontier().extend(log[:before]), log[before:])
    assert tree.size == size
    assert tree.root == root_of(log)
    assert tree.frontier == Frontier().extend(log)
    for index in range(before, size):
        assert tree.path(index) == inclusion_path(log, index)
        assert verify_inclusion(log[index], index, size, tree.path(index), tree.root)


@pytest.mark.parametrize("before", range(18))
def test_every_small_batch_after_every_small_log_has_the_paths_of_the_whole_log(before: int) -> None:
    for size in range(before, before + 18):
        check(before, size)


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_any_batch_after_any_log_has_the_paths_of_the_whole_log(one: int, other: int) -> None:
    check(min(one, other), max(one, other))


@pytest.mark.parametrize("index", [-1, 0, 6, 10])
def test_a_leaf_of_another_batch_has_no_path_here(index: int) -> None:
    tree = BatchTree(Frontier().extend(LEAVES[:7]), LEAVES[7:10])
    with pytest.raises(ValueError, match="not among the leaves 7 to 9"):
        tree.path(index)


def test_one_leaf_after_a_log_of_billions_takes_what_the_frontier_has() -> None:
    before = Frontier(2**40 - 1, tuple(LEAVES[:40]))
    tree = BatchTree(before, [LEAVES[50]])
    assert tree.path(2**40 - 1) == LEAVES[:40][::-1]
    assert tree.frontier == before.append(LEAVES[50])
