"""The page that checks draws in a browser, on the log of all draws: it says the same as the first verifier."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_gateway.http.verifier import PAGE
from tests.api_gateway.test_verifier_agrees import UNREADABLE, said_by_page, said_by_python
from tests.support.browser import running_browser
from tests.support.draw_proofs import DRAW
from tests.support.draw_records import MORE, SPOILED, C, created, file_of, rechained, record_of, whole_draw
from tests.support.mischief import manipulated_record
from tests.support.verifier_page import VerifierPage, as_lines

PLAYED = whole_draw()
FILE, RECORD = PLAYED.lines(), record_of(PLAYED)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifierPage]:
    """The page as a file."""
    with running_browser() as browser:
        page = VerifierPage(browser, PAGE.as_uri(), tmp_path_factory.mktemp("chosen"))
        yield page
        assert browser.troubles == []


def test_an_honest_log_is_whole_and_told(page: VerifierPage) -> None:
    shown = page.check(RECORD)
    assert (shown.verdict, "The log of draws is whole" in shown.said) == ("holds", True)
    assert list(shown.verdicts) == ["document", "chain", "draws", "repeats", "end"]
    told = page.browser.evaluate("document.getElementById('result').innerText")
    assert f"{SPOILED} is void: the wrong date" in told
    assert f"{DRAW} repeats {SPOILED}." in told
    assert f"{MORE} is frozen and not drawn." in told


def test_a_draw_is_held_against_the_log(page: VerifierPage) -> None:
    draw = as_lines(FILE)
    honest = page.check_files({"draw.ndjson": draw, "draws.ndjson": as_lines(RECORD)})
    assert (honest.verdict, honest.verdicts["listed"]) == ("holds", "holds")
    for kind, member, check in (
        ("CREATED", "rulesHash", "promises"),
        ("SEALED", "treeHead", "freeze"),
        ("DRAWN", "seed", "draw"),
    ):
        forged = json.loads(json.dumps(RECORD))
        own = [line["line"] for line in forged[1:-1] if line["line"]["drawId"] == str(DRAW)]
        next(line for line in own if line["type"] == kind)[member] = C
        other = page.check_files({"draw.ndjson": draw, "draws.ndjson": as_lines(rechained(forged))})
        assert (other.verdict, other.failing) == ("fails", {check})
    absent = page.check_files({"draw.ndjson": draw, "draws.ndjson": as_lines(file_of([(MORE, created())]))})
    assert absent.failing == {"listed"}


def test_both_say_the_same_of_a_manipulated_log(page: VerifierPage, tmp_path: Path) -> None:
    file = tmp_path / "draws.ndjson"
    for seed in range(40):
        content = manipulated_record(random.Random(seed))
        file.write_bytes(content)
        python, browser = said_by_python(file), said_by_page(page, content)
        assert browser[0] == python[0], seed
        assert UNREADABLE in (python[1], browser[1]) or browser[1] == python[1], seed
