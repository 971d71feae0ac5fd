"""This tree is measured against an earlier one: both run, are asked in turn, and leave nothing behind."""

import subprocess
import sys

import pytest

from bench.against import TREE

WITHOUT_GIT = subprocess.run(["git", "rev-parse", "HEAD"], cwd=TREE, capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(WITHOUT_GIT, reason="an earlier tree is had from git, and this is no checkout")
def test_a_revision_is_measured_beside_this_tree() -> None:
    trees = ["git", "worktree", "list"]
    before = subprocess.run(trees, cwd=TREE, capture_output=True, text=True, check=True).stdout
    asked = [sys.executable, "-m", "bench.against", "HEAD", "enters", "--pairs=1", "--seconds=0.3", "--allowed=1"]
    found = subprocess.run(asked, cwd=TREE, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    *_, row = found.stdout.splitlines()
    assert row.startswith("| enters | **")
    assert subprocess.run(trees, cwd=TREE, capture_output=True, text=True, check=True).stdout == before


def test_a_revision_that_is_not_there_is_said_to_be() -> None:
    asked = [sys.executable, "-m", "bench.against", "nowhere", "enters"]
    found = subprocess.run(asked, cwd=TREE, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "git knows no commit `nowhere` here" in found.stderr
