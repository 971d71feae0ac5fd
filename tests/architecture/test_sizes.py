"""A small tail: what outgrows these stops holds a concept that wants a place of its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, modules, place, tree

FUNCTION_LINES = 40
MODULE_LINES = 300
LONGER = {
    "tests/api_gateway/test_bad_input.py",
    "tests/domain/queue/test_queue_serving.py",
    "tests/workers/test_queue_upkeep.py",
}
"""Many short cases of one subject, which share what comes before them."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Every function of a module, methods and inner ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    """Its lines from the first decorator to the last statement."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


def everything() -> Iterator[Path]:
    """The modules of the product and of its tests."""
    return modules(*PACKAGES, "tests")


def test_no_function_is_longer_than_forty_lines() -> None:
    too_long = {
        f"{place(path, function.lineno)} {function.name}": length(function)
        for path in everything()
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    }
    assert too_long == {}


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in everything()}
    assert {name for name, count in lines.items() if count > MODULE_LINES} == LONGER
