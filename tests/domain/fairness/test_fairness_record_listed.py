"""A published draw against the log of all draws: the draw that was logged, and no other."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from domain.fairness import Finding, Verdict, is_proved
from domain.fairness.record import bodies, check_listed, check_record
from tests.support.draw_proofs import DRAW, Lines, PlayedDraw
from tests.support.draw_records import MORE, SPOILED, B, C, created, file_of, rechained, record_of, whole_draw

PLAYED = whole_draw()
FILE, RECORD = PLAYED.lines(), record_of(PLAYED)


def listed(file: Lines, record: Lines) -> dict[str, Finding]:
    """What is found of a draw, by the names of the checks."""
    return {finding.check: finding for finding in check_listed(file, check_record(record))}


def record_with(tamper: Callable[[dict[str, Any]], object], kind: str) -> Lines:
    """The log with the draw's line of this type changed, and mended."""
    record = deepcopy(RECORD)
    own = [line["line"] for line in record[1:-1] if line["line"]["drawId"] == str(DRAW)]
    tamper(next(line for line in own if line["type"] == kind))
    return rechained(record)


def until(kind: str) -> Lines:
    """The log as it was before the draw's line of this type."""
    record = deepcopy(RECORD)
    end = next(n for n, line in enumerate(record[1:-1], 1) if line["line"]["type"] == kind and n > 5)
    return rechained(record[:end])


def test_a_draw_that_stands_in_the_log_as_it_is_published_holds() -> None:
    found = listed(FILE, RECORD)
    assert list(found) == ["listed", "promises", "freeze", "draw", "steps", "standing", "repeated"]
    assert is_proved(found.values()), found
    assert f"It repeats {SPOILED}." in found["repeated"].text


@pytest.mark.parametrize(
    ("kind", "members", "check"),
    [
        ("CREATED", {"seedCommitment": C}, "promises"),
        ("CREATED", {"rulesHash": C}, "promises"),
        ("SEALED", {"treeHead": C}, "freeze"),
        ("SEALED", {"logSize": 1}, "freeze"),
        ("SEALED", {"at": "2025-11-21T17:00:00.000000Z"}, "freeze"),
        ("DRAWN", {"seed": C}, "draw"),
        ("DRAWN", {"at": "2025-11-21T17:00:00.000000Z"}, "draw"),
        ("SEALED", {"steps": {"size": 1, "head": C}}, "steps"),
        ("CLAIM_CLOSED", {"steps": {"size": 9999, "head": C}}, "steps"),
    ],
)
def test_a_draw_that_was_logged_otherwise_is_found(kind: str, members: dict[str, Any], check: str) -> None:
    record = record_with(lambda line: line.update(members), kind)
    assert check_record(record).is_proved
    assert [name for name, one in listed(FILE, record).items() if one.verdict is Verdict.FAILS] == [check]


def test_rules_that_were_changed_later_are_those_that_count() -> None:
    record = deepcopy(RECORD)
    place = next(n for n, line in enumerate(record[1:-1], 1) if line["line"]["type"] == "SEALED")
    other = file_of([(DRAW, bodies.Rules(rules_hash=C, replaces_draw_id=SPOILED))])[1]
    assert listed(FILE, rechained([*record[:place], other, *record[place:]]))["promises"].verdict is Verdict.FAILS
    assert listed(FILE, record)["promises"].verdict is Verdict.HOLDS


def test_a_draw_that_is_not_in_the_log_is_found() -> None:
    found = listed(FILE, file_of([(MORE, created())]))
    assert {name: one.verdict for name, one in found.items()} == {"listed": Verdict.FAILS}


@pytest.mark.parametrize(
    ("kind", "opened"), [("SEALED", ["freeze", "draw"]), ("DRAWN", ["draw"]), ("CLAIM_CLOSED", [])]
)
def test_what_a_log_does_not_tell_yet_is_open(kind: str, opened: list[str]) -> None:
    found = listed(FILE, until(kind))
    assert [name for name, one in found.items() if one.verdict is Verdict.OPEN] == opened
    assert not [one for one in found.values() if one.verdict is Verdict.FAILS]


def test_a_file_from_before_a_void_is_found_by_a_log_that_tells_of_it() -> None:
    draw = whole_draw()
    before = draw.lines()
    draw.void()
    void = bodies.Void(reason="the wrong prize", steps={"size": len(draw.steps), "head": draw.steps[-1]["hash"]})
    told = file_of([(DRAW, void)])[1]
    record = rechained([*RECORD[:-1], told, RECORD[-1]])
    found = listed(before, record)
    assert [name for name, one in found.items() if one.verdict is Verdict.FAILS] == ["steps", "standing"]
    assert is_proved(listed(draw.lines(), record).values())


def test_a_draw_that_was_given_up_before_the_freeze_is_void_here_and_there() -> None:
    draw = PlayedDraw()
    file = draw.lines()
    file[0]["drawStatus"] = "void"
    own = created(file[0]["seedCommitment"], file[0]["rulesHash"])
    found = listed(file, file_of([(DRAW, own), (DRAW, bodies.Void(reason="rain"))]))
    assert found["standing"].text == "The draw is void, here and there."
    assert listed(file, file_of([(DRAW, own)]))["standing"].verdict is Verdict.OPEN


def test_a_draw_that_was_repeated_says_so() -> None:
    file = PlayedDraw().lines()
    file[0]["drawStatus"] = "void"
    own = created(file[0]["seedCommitment"], file[0]["rulesHash"])
    again = created(B, B, replaces_draw_id=DRAW)
    honest = listed(file, file_of([(DRAW, own), (DRAW, bodies.Void(reason="rain")), (MORE, again)]))
    assert (honest["repeated"].verdict, str(MORE) in honest["repeated"].text) == (Verdict.HOLDS, True)
    beside = listed(PlayedDraw().lines(), file_of([(DRAW, own), (MORE, again)]))
    assert (beside["repeated"].verdict, str(MORE) in beside["repeated"].text) == (Verdict.FAILS, True)
