"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, name, spans

LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"\.?[\w-]+(/[\w.-]+)*/?")
ENDINGS = (".py", ".md", ".toml", ".lock", ".sql", ".lua", ".csv", ".svg")
TREES = ("api_gateway/", "workers/", "domain/", "store/", "runtime/", "cli/", "tests/", "bench/", "docs/")


def anchors(document: Path) -> set[str]:
    """The headings of a document as links name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(document: Path, link: str) -> bool:
    """Whether a relative link has no file, or no heading, at its end."""
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def is_path(span: str) -> bool:
    """Whether a span names a file or folder of the project."""
    return PATH.fullmatch(span) is not None and (span.startswith(TREES) or span.endswith(ENDINGS))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    assert [link for link in links if leads_nowhere(document, link)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    assert [span for span in sorted(spans(document)) if is_path(span) and not (ROOT / span).exists()] == []
