"""docs/reliability.md lists the guards that have a control, and no others."""

import re

from tests.controls.guard import Guard
from tests.controls.guards import GUARDS
from tests.docs.documents import ROOT

RELIABILITY = ROOT / "docs" / "reliability.md"
HEADING = "## Guards and what shows that they are missed"


def rows() -> list[str]:
    """The lines of the table under the heading, without its head."""
    _, _, below = RELIABILITY.read_text().partition(HEADING)
    section, *_ = re.split(r"^## ", below, flags=re.MULTILINE)
    _, _, *listed = [line for line in section.splitlines() if line.startswith("|")]
    return listed


def row_of(guard: Guard) -> str:
    """A guard as the table shows it."""
    return f"| {guard.name} | {guard.promise} | {'; '.join(guard.missed)} |"


def test_the_table_of_guards_is_that_of_the_controls() -> None:
    assert rows() == [row_of(guard) for guard in GUARDS.values()]
