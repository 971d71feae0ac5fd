"""Two verifiers, written apart from one specification, say the same of whatever was done to a file."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_gateway.http.verifier import PAGE
from cli.errors import ObstacleError
from cli.verify import checked
from domain.fairness import Verdict, is_proved
from tests.support.browser import running_browser
from tests.support.mischief import manipulated
from tests.support.verifier_page import VerifierPage

FOLLOWING = {"count", "tickets", "outcome", "status"}
"""After a fault of leaves or outcome, section 19 leaves open what is said of these."""
UNREADABLE = {"the file cannot be read"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifierPage]:
    """The page as a file."""
    with running_browser() as browser:
        yield VerifierPage(browser, PAGE.as_uri(), tmp_path_factory.mktemp("chosen"))


def said_by_python(file: Path) -> tuple[str, set[str]]:
    """Its verdict, and the checks that fail."""
    try:
        found = checked(str(file)).findings
    except ObstacleError:
        return "fails", UNREADABLE
    failing = {finding.check for finding in found if finding.verdict is Verdict.FAILS}
    return "fails" if failing else "holds" if is_proved(found) else "open", failing


def said_by_page(page: VerifierPage, content: bytes) -> tuple[str, set[str]]:
    """The same of the page."""
    shown = page.check(content)
    return shown.verdict, shown.failing if shown.verdicts else UNREADABLE


def compared(failing: set[str]) -> set[str]:
    """The checks of which both must say the same."""
    return failing - FOLLOWING if failing & {"leaves", "outcome"} else failing


@pytest.mark.parametrize("seed", range(80))
def test_both_say_the_same_of_a_manipulated_file(page: VerifierPage, tmp_path: Path, seed: int) -> None:
    content = manipulated(random.Random(seed))
    file = tmp_path / "proof.ndjson"
    file.write_bytes(content)
    python, browser = said_by_python(file), said_by_page(page, content)
    assert browser[0] == python[0]
    if UNREADABLE not in (python[1], browser[1]):
        assert compared(browser[1]) == compared(python[1])
        assert bool(browser[1] & {"leaves", "outcome"}) == bool(python[1] & {"leaves", "outcome"})
