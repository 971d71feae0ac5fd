"""How a guard is taken away in this process: a line of a function is written anew, or a statement says something else.

What is to be changed must be there exactly once. So a guard that moved makes its control fail, instead of leaving it to
control nothing.
"""

import __future__

import inspect
import sys
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

PACKAGES = ("api_gateway.", "workers.", "domain.", "store.", "runtime.")
Removal = Callable[[pytest.MonkeyPatch], None]


def rewritten(owner: Any, name: str, *changes: tuple[str, str]) -> Removal:
    """A function of a module, or a method of a class, with each of these texts of its source in the place of another."""

    def remove(patch: pytest.MonkeyPatch) -> None:
        before = inspect.getattr_static(owner, name)
        plain = inspect.unwrap(before.__func__ if isinstance(before, staticmethod) else before)
        source = _changed(textwrap.dedent(inspect.getsource(plain)), changes, f"{owner.__name__}.{name}")
        made: dict[str, Any] = {}
        code = compile(source, f"<{name} without its guard>", "exec", __future__.annotations.compiler_flag)
        exec(code, plain.__globals__, made)  # noqa: S102 (the product's own source, but for a line)
        patch.setattr(owner, name, made[name])
        if isinstance(owner, ModuleType):
            _everywhere(patch, before, made[name])

    return remove


def reworded(module: ModuleType, name: str, *changes: tuple[str, str]) -> Removal:
    """A statement of a module that says something else."""

    def remove(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(module, name, _changed(getattr(module, name), changes, f"{module.__name__}.{name}"))

    return remove


def replaced(owner: Any, name: str, by: Any) -> Removal:
    """A member of a module or class that is another."""

    def remove(patch: pytest.MonkeyPatch) -> None:
        before = getattr(owner, name)
        patch.setattr(owner, name, by)
        if isinstance(owner, ModuleType):
            _everywhere(patch, before, by)

    return remove


def all_of(*removals: Removal) -> Removal:
    """Several at once."""

    def remove(patch: pytest.MonkeyPatch) -> None:
        for each in removals:
            each(patch)

    return remove


def _changed(text: str, changes: tuple[tuple[str, str], ...], where: str) -> str:
    for old, new in changes:
        assert text.count(old) == 1, f"{where} has {text.count(old)} times {old!r}"
        text = text.replace(old, new)
    return text


def _everywhere(patch: pytest.MonkeyPatch, before: Any, after: Any) -> None:
    """In every module of the product that has imported it by its name."""
    for module in [one for name, one in sys.modules.items() if name.startswith(PACKAGES)]:
        for name, known in list(vars(module).items()):
            if known is before:
                patch.setattr(module, name, after)


def dropped(table: str, what: str) -> str:
    """The statement that drops a constraint."""
    return f"ALTER TABLE {table} DROP CONSTRAINT {what}"
