"""A small tail: what outgrows these stops holds a concept that wants a place of its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import modules, place, tree

FUNCTION_LINES = 40
MODULE_LINES = 300

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Every function of a module, methods and inner ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    """Its lines from the first decorator to the last statement."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


def test_no_function_is_longer_than_forty_lines() -> None:
    too_long = {
        f"{place(path, function.lineno)} {function.name}": length(function)
        for path in modules()
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    }
    assert too_long == {}


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    lines = {place(path, 1): len(path.read_text().splitlines()) for path in modules()}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}
    assert lines
