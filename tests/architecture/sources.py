"""The project's own files, for tests that read them."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api_gateway", "workers", "domain", "store", "runtime", "cli")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

_TOP = (*PACKAGES, "tests", "bench", "docs", ".ci")
_TEXTS = {
    ".cfg",
    ".html",
    ".ini",
    ".json",
    ".lua",
    ".mako",
    ".md",
    ".py",
    ".sh",
    ".sql",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
}


def modules(*packages: str) -> Iterator[Path]:
    """The Python files of `packages`, except migrations, which are history and stay as they were written."""
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "versions" not in path.parts:
                yield path


def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(), filename=str(path))


def texts() -> Iterator[Path]:
    """Every text file that belongs to the project."""
    top = (path for path in ROOT.iterdir() if path.is_file() and path.name != ".git")
    below = (path for name in _TOP for path in (ROOT / name).rglob("*") if path.is_file())
    for path in (*top, *below):
        if path.suffix in _TEXTS and "__pycache__" not in path.parts:
            yield path


def place(path: Path, line: int) -> str:
    """Where something was found, as `folder/file.py:12`."""
    return f"{path.relative_to(ROOT)}:{line}"
