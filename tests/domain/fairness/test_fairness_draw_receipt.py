"""An entrant who kept the receipt can show that the entry is missing, or that the log was changed behind it."""

from copy import deepcopy
from typing import Any

import pytest

from domain.fairness import Verdict
from domain.fairness.draws import Receipt, check_receipt
from tests.support.draw_proofs import Lines, PlayedDraw, played_draw

DRAW = played_draw()
LINES = DRAW.lines()
CHECKS = ("receipt", "signature", "draw", "entry", "log")


def found(receipt: dict[str, Any], lines: Lines) -> dict[str, Verdict]:
    """What is said about a receipt."""
    findings = check_receipt(Receipt.from_json(receipt), lines, lambda _signed: None)
    return {finding.check: finding.verdict for finding in findings}


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 34), (10, 11), (10, 20), (33, 34), (32, 34)])
def test_an_entry_that_stands_in_the_file_is_found(index: int, size: int) -> None:
    assert found(DRAW.receipt(index, size), LINES) == dict.fromkeys(CHECKS, Verdict.HOLDS)


def test_an_entry_that_was_dropped_is_shown_to_be_dropped() -> None:
    lines = deepcopy(LINES)
    del lines[11]
    findings = check_receipt(Receipt.from_json(DRAW.receipt(10, 20)), lines)
    told = {finding.check: finding for finding in findings if finding.verdict is Verdict.FAILS}
    assert set(told) == {"entry", "log"}
    assert told["entry"].leaf == 10
    assert "NOT in the file" in told["entry"].text


def test_an_entry_behind_the_end_of_the_file_is_shown_to_be_dropped() -> None:
    lines = deepcopy(LINES)
    del lines[20:35]
    assert found(DRAW.receipt(30), lines) == {
        "receipt": Verdict.HOLDS, "signature": Verdict.HOLDS, "draw": Verdict.HOLDS, "entry": Verdict.FAILS, "log": Verdict.FAILS,
    }  # fmt: skip


def test_a_log_that_was_changed_before_the_entry_is_found() -> None:
    lines = deepcopy(LINES)
    lines[3]["tickets"] += 1
    assert found(DRAW.receipt(10, 20), lines)["log"] is Verdict.FAILS
    assert found(DRAW.receipt(10, 20), lines)["entry"] is Verdict.HOLDS


def test_a_receipt_of_another_entry_or_another_draw_is_no_proof() -> None:
    receipt = DRAW.receipt(10, 20)
    assert found(receipt | {"index": 9}, LINES)["receipt"] is Verdict.FAILS
    assert found(receipt | {"path": receipt["path"][1:]}, LINES)["receipt"] is Verdict.FAILS
    other = deepcopy(LINES)
    other[0]["distributionId"] = "019a4aff-5555-7666-8777-888888888889"
    assert found(receipt, other) == {"receipt": Verdict.HOLDS, "signature": Verdict.HOLDS, "draw": Verdict.FAILS}


def test_before_the_freeze_nothing_can_be_said() -> None:
    draw = PlayedDraw()
    draw.enter()
    assert found(draw.receipt(0), draw.lines()) == {
        "receipt": Verdict.HOLDS, "signature": Verdict.HOLDS, "draw": Verdict.HOLDS, "entry": Verdict.OPEN,
        "log": Verdict.OPEN,
    }  # fmt: skip


@pytest.mark.parametrize(("wrong", "verdict"), [("made up", Verdict.FAILS), (None, Verdict.HOLDS)])
def test_who_signed_it_is_asked_of_whoever_can_tell(wrong: str | None, verdict: Verdict) -> None:
    receipt = DRAW.receipt(10, 20)
    asked: list[str] = []

    def verify(signed: str) -> str | None:
        asked.append(signed)
        return wrong

    (finding,) = [one for one in check_receipt(Receipt.from_json(receipt), LINES, verify) if one.check == "signature"]
    assert (finding.verdict, asked) == (verdict, [receipt["signedTreeHead"]])
    assert wrong is None or wrong in finding.text


def test_without_keys_it_stays_open_who_signed_it() -> None:
    told = {finding.check: finding.verdict for finding in check_receipt(Receipt.from_json(DRAW.receipt(10, 20)), LINES)}
    assert told == dict.fromkeys(CHECKS, Verdict.HOLDS) | {"signature": Verdict.OPEN}


@pytest.mark.parametrize(
    "change",
    [
        {"leaf": "xy"},
        {"index": -1},
        {"index": "1"},
        {"path": ["00"]},
        {"path": ["00" * 32] * 65},
        {"signedTreeHead": None},
        {"signedTreeHead": "abc"},
        {"signedTreeHead": "e30.e30.e30"},
        {"signedTreeHead": "e30.\u00e9.e30"},
        {"signedTreeHead": DRAW.receipt(3)["signedTreeHead"] + ".e30"},
        {"enteredAt": "2025-11-21T16:00:00.000000Z"},
    ],
)
def test_what_is_no_receipt_is_refused_in_words(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"leaf|index|path|signedTreeHead|enteredAt"):
        found(DRAW.receipt(3) | change, LINES)
