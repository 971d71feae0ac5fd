"""Two verifiers, written apart from one specification, say the same of whatever was done to a file."""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api_gateway.http.verifier import PAGE
from cli.errors import ObstacleError
from cli.verify import checked
from domain.fairness import Verdict, is_proved
from tests.support.browser import running_browser
from tests.support.draw_proofs import Lines, PlayedDraw
from tests.support.draw_tampering import PRIZED, forged, tampered
from tests.support.mischief import manipulated
from tests.support.mischief_table import (
    CONTRADICTING,
    QUEUES,
    UNREADABLE,
    given_up_before_the_freeze,
    voided_before_the_draw,
)
from tests.support.proofs import honest_proof
from tests.support.verifier_page import VerifierPage, as_lines

CANNOT_BE_READ = ("unreadable", set[str]())
Said = tuple[str, set[str]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifierPage]:
    """The page as a file."""
    with running_browser() as browser:
        yield VerifierPage(browser, PAGE.as_uri(), tmp_path_factory.mktemp("chosen"))


def said_by_python(file: Path) -> Said:
    """Its verdict, and the checks that fail."""
    try:
        found = checked(str(file)).findings
    except ObstacleError:
        return CANNOT_BE_READ
    failing = {finding.check for finding in found if finding.verdict is Verdict.FAILS}
    return "fails" if failing else "holds" if is_proved(found) else "open", failing


def said_by_page(page: VerifierPage, content: bytes) -> Said:
    """The same of the page."""
    shown = page.check(content)
    return (shown.verdict, shown.failing) if shown.verdicts else CANNOT_BE_READ


@pytest.fixture
def said(page: VerifierPage, tmp_path: Path) -> Callable[[bytes], Said]:
    """What both say of a file, which must be the same."""

    def agreed(content: bytes) -> Said:
        file = tmp_path / "proof.ndjson"
        file.write_bytes(content)
        python, browser = said_by_python(file), said_by_page(page, content)
        assert browser == python
        return python

    return agreed


@pytest.mark.parametrize("seed", range(80))
def test_both_say_the_same_of_a_manipulated_file(said: Callable[[bytes], Said], seed: int) -> None:
    said(manipulated(random.Random(seed)))


@pytest.mark.parametrize("what", CONTRADICTING)
def test_both_name_the_same_faults(said: Callable[[bytes], Said], what: str) -> None:
    tamper, failing = CONTRADICTING[what]
    assert said(as_lines(forged(tamper))) == ("fails", failing)


@pytest.mark.parametrize("what", UNREADABLE)
def test_neither_reads_a_file_of_another_form(said: Callable[[bytes], Said], what: str) -> None:
    assert said(as_lines(tampered(UNREADABLE[what]))) == CANNOT_BE_READ


@pytest.mark.parametrize("lines", [voided_before_the_draw(), given_up_before_the_freeze(), PlayedDraw().lines()])
def test_a_draw_whose_secret_was_never_revealed_is_open_for_both(said: Callable[[bytes], Said], lines: Lines) -> None:
    assert said(as_lines(lines)) == ("open", set())


@pytest.mark.parametrize("what", QUEUES)
def test_both_say_the_same_of_an_opening(page: VerifierPage, tmp_path: Path, what: str) -> None:
    tamper, failing = QUEUES[what]
    document, entries = honest_proof()
    tamper(document, entries)
    agree_on_queue(page, tmp_path, json.dumps(document).encode(), as_lines(entries), failing)


TORN: dict[str, Callable[[bytes], bytes]] = {
    "no line feed at the end": lambda lines: lines[:-1],
    "a line that is empty": lambda lines: lines.replace(b"\n", b"\n\n", 1),
    "a number with a fraction": lambda lines: lines.replace(b": 3,", b": 3.0,", 1),
    "a member twice": lambda lines: lines.replace(b'"kind"', b'"kind": "enter", "kind"', 1),
}


@pytest.mark.parametrize("how", TORN)
def test_both_see_a_line_of_an_opening_that_cannot_be_read(page: VerifierPage, tmp_path: Path, how: str) -> None:
    document, entries = honest_proof()
    agree_on_queue(page, tmp_path, json.dumps(document).encode(), TORN[how](as_lines(entries)), {"entries"})


def agree_on_queue(page: VerifierPage, folder: Path, document: bytes, entries: bytes, failing: set[str]) -> None:
    """Both find just these checks of an opening to fail."""
    (folder / "proof.json").write_bytes(document)
    (folder / "entries.ndjson").write_bytes(entries)
    found = checked(str(folder / "proof.json")).findings
    shown = page.check_files({"proof.json": document, "entries.ndjson": entries})
    said = {finding.check for finding in found if finding.verdict is Verdict.FAILS}
    assert {finding.check: finding.verdict.value for finding in found} == shown.verdicts
    assert said == failing


WRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "two bytes for each character": lambda text: text.decode().encode("utf-16-be"),
    "a number with a fraction": lambda text: text.replace(b'"index": 2,', b'"index": 2.0,', 1),
    "no number": lambda text: text.replace(b'"index": 2,', b'"index": NaN,', 1),
    "half a character": lambda text: text.replace(b"stalls", b"\\ud800", 1),
    "a member twice in the document": lambda text: text.replace(b'{"algorithm"', b'{"order": "drumroll-rank/1", "algorithm"', 1),
    "no line feed at the end": lambda text: text[:-1],
    "a line that is empty": lambda text: text.replace(b"\n", b"\n\n", 1),
    "two gzipped files in one": lambda text: gzip.compress(text[:-40]) + gzip.compress(text[-40:]),
    "something behind a gzipped file": lambda text: gzip.compress(text) + b"\0",
    "a gzipped file that breaks off": lambda text: gzip.compress(text)[:-4],
}  # fmt: skip


@pytest.mark.parametrize("how", WRITTEN)
def test_neither_reads_what_is_written_otherwise(said: Callable[[bytes], Said], how: str) -> None:
    assert said(WRITTEN[how](as_lines(PRIZED))) == CANNOT_BE_READ
