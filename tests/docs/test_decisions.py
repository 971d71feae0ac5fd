"""Decision records keep their form, and name what keeps the decision."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT
from tests.docs.documents import DECISIONS, ROOT, name

SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
LONGEST = {"Context": 4, "Decision": 2}
LINES = 45


def sections(decision: Path) -> dict[str, str]:
    """The parts of a record by their headings."""
    parts = re.split(r"^## (.+)\n", decision.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def sentences(text: str) -> int:
    """How many sentences prose has; tables and lists do not count."""
    prose = "\n".join(line for line in text.splitlines() if not line.startswith(("|", "-")))
    return len(re.findall(r"[.!?](?=\s|$)", prose))


@pytest.mark.parametrize("decision", DECISIONS, ids=name)
def test_a_record_has_its_sections_in_their_order(decision: Path) -> None:
    number = int(decision.name.partition("-")[0])
    assert decision.read_text().startswith(f"# {number}. ")
    assert list(sections(decision)) == SECTIONS
    assert len(decision.read_text().splitlines()) <= LINES


@pytest.mark.parametrize("decision", DECISIONS, ids=name)
def test_a_record_is_short(decision: Path) -> None:
    found = {title: sentences(text) for title, text in sections(decision).items() if title in LONGEST}
    assert {title: count for title, count in found.items() if not 1 <= count <= LONGEST[title]} == {}


@pytest.mark.parametrize("decision", DECISIONS, ids=name)
def test_a_record_names_what_enforces_it(decision: Path) -> None:
    named = re.findall(r"`([\w./-]+\.\w+)`", sections(decision)["Enforced by"])
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_index_lists_every_record() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    titles = [decision.read_text().partition("\n")[0].removeprefix("# ").split(". ", 1) for decision in DECISIONS]
    rows = [f"| {number} | [{title}]({path.name}) |" for (number, title), path in zip(titles, DECISIONS, strict=True)]
    assert re.findall(r"^\| \d.*", index, re.MULTILINE) == rows
    assert [number for number, _ in titles] == [str(count) for count in range(1, len(rows) + 1)]


def test_every_library_has_its_row() -> None:
    table = (ROOT / "docs" / "decisions" / "0017-libraries.md").read_text()
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    libraries = {re.split(r"[\[><=; ]", line)[0] for line in wanted}
    plugins = {library for library in libraries if library.startswith("pytest-")}
    assert [library for library in sorted(libraries - plugins) if not re.search(rf"\b{library}\b", table)] == []
