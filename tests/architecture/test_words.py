"""Words that are spoken in one place only, and words that are not spoken at all."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT, modules, place, texts, tree

KINDS = {"queue", "draw", "auction", "appointment", "timed_release"}
KINDS_SPOKEN_IN = {ROOT / "domain" / "kinds.py"}

# The brackets keep each pattern from finding itself.
REGISTRIES = re.compile(r"[p]ypi\.(org|python)|[p]ythonhosted\.org|[n]pmjs\.(org|com)|[u]npkg\.com")
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|DROP|ALTER|LOCK TABLE)\s")
PROMISES = re.compile(r"\b([T]ODO|[F]IXME|[X]XX)\b")


def kind_switches(path: Path) -> Iterator[int]:
    """Lines of a module that compare something with the name of a kind."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        if any(isinstance(side, ast.Constant) and side.value in KINDS for side in sides):
            yield node.lineno


def statements(path: Path) -> Iterator[int]:
    """Lines of a module on which a text begins as a statement of SQL does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.lineno


def places_of(pattern: re.Pattern[str]) -> list[str]:
    """Where `pattern` occurs in the project's text files."""
    return [
        place(path, number)
        for path in texts()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nobody_asks_which_kind_it_is() -> None:
    switches = [place(path, line) for path in modules() if path not in KINDS_SPOKEN_IN for line in kind_switches(path)]
    assert switches == []


def test_a_kind_switch_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "switch.py"
    module.write_text('if kind == "queue":\n    pass\nmatch kind:\n    case "draw":\n        pass\n')
    assert list(kind_switches(module)) == [1, 4]


def test_sql_is_spoken_in_the_store_alone() -> None:
    spoken = [
        place(path, line)
        for path in modules("api_gateway", "workers", "cli", "runtime", "domain")
        for line in statements(path)
    ]
    assert spoken == []


def test_no_package_registry_is_named() -> None:
    assert places_of(REGISTRIES) == []


def test_nothing_is_left_for_later() -> None:
    assert places_of(PROMISES) == []
