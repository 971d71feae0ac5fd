"""Who may import whom: the contracts of pyproject.toml, and what the domain may know at all."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.sources import ROOT, modules, place, tree

DOMAIN_KNOWS = {*sys.stdlib_module_names, "annotated_types", "domain", "pydantic", "pydantic_core", "typing_extensions"}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every import of a module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, (node.module or "").partition(".")[0]


def test_the_arrows_between_packages_point_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS


def test_the_domain_imports_the_standard_library_and_pydantic_only() -> None:
    foreign = [
        f"{place(path, line)} {name}"
        for path in modules("domain")
        for line, name in imports(path)
        if name not in DOMAIN_KNOWS
    ]
    assert foreign == []
