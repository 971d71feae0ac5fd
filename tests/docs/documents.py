"""The project's documents, for tests that read them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
CHANGELOG = ROOT / "CHANGELOG.md"
DOCUMENTS = [ROOT / "README.md", CHANGELOG, *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = ROOT / "docs" / "operations.md"
_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def name(document: Path) -> str:
    """Where a document lies in the project."""
    return str(document.relative_to(ROOT))


def spans(document: Path) -> set[str]:
    """What stands between backticks in the prose of a document."""
    return set(_SPAN.findall(_BLOCK.sub("", document.read_text())))


def shell(document: Path) -> Iterator[str]:
    """The lines of a document's shell blocks, and its spans: wherever a command may stand."""
    for block in re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from spans(document)
