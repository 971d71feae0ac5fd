"""Whatever is imported is asked for by name: what comes along with something else may go with its next version."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import PACKAGES, PROJECT, modules, place, tree

RUNNING = PROJECT["project"]["dependencies"]
TESTING = [*RUNNING, *PROJECT["project"]["optional-dependencies"]["dev"]]
OURS = {*PACKAGES, "tests", "bench", *sys.stdlib_module_names}
PARTS = {"pydantic-core"}
"""Pinned to one version by what they are a part of, so that nothing is left to ask for."""
DISTRIBUTIONS = packages_distributions()


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and distribution of every import of something that is neither ours nor Python's."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for top in {name.partition(".")[0] for name in names} - OURS:
            yield node.lineno, canonicalize_name(DISTRIBUTIONS.get(top, [top])[0])


@pytest.mark.parametrize(
    ("packages", "wanted"), [(PACKAGES, RUNNING), (("tests", "bench"), TESTING)], ids=["running", "testing"]
)
def test_every_library_that_is_imported_is_asked_for(packages: tuple[str, ...], wanted: list[str]) -> None:
    asked_for = {canonicalize_name(Requirement(line).name) for line in wanted} | PARTS
    strange = {
        f"{place(path, line)} {library}"
        for path in modules(*packages)
        for line, library in imported(path)
        if library not in asked_for
    }
    assert sorted(strange) == []
