"""What a storm says of its draws can fail: each fact fails alone where only what it guards is broken."""

import json
from pathlib import Path

import pytest

from domain.draw.state import Status
from tests.chaos.broken_draws import DRAWS, WON, Break, event
from tests.chaos.draw_tale import quiet_draw
from tests.chaos.storm.book import Look
from tests.chaos.storm.draw_replay import WINS
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.facts import FACTS
from tests.chaos.storm.proofs import misproved
from tests.support.draw_proofs import played_draw


def failed(evidence: Evidence) -> list[str]:
    """The facts that do not hold."""
    return [fact.against.__name__ for fact in FACTS if fact.against(evidence)]


def test_a_quiet_draw_holds_every_fact_and_has_what_they_are_about() -> None:
    tale = quiet_draw()
    assert failed(tale.evidence()) == []
    assert {"REQUEUED", "PROMOTED", "PASSED", "DECLINED", "EXPIRED"} <= set(tale.room.log())
    assert tale.who_has(Status.COMPLETED)


@pytest.mark.parametrize(("fact", "breaks"), DRAWS, ids=[f"{fact}-{number}" for number, (fact, _) in enumerate(DRAWS)])
def test_what_is_broken_in_a_draw_is_found_by_the_fact_that_guards_it(fact: str, breaks: Break) -> None:
    tale = quiet_draw()
    breaks(tale)
    assert failed(tale.evidence()) == [fact]


def test_a_win_that_was_told_of_while_it_lasted_is_no_finding() -> None:
    tale = quiet_draw()
    won = event(tale, WON)
    tale.looks.insert(0, Look(won["participationId"], WINS, won["stateVersion"]))
    assert failed(tale.evidence()) == []


def test_receipts_are_held_against_the_file_and_a_dropped_entry_is_found(tmp_path: Path) -> None:
    draw, file = played_draw(), tmp_path / "proof.ndjson"
    receipts, lines = [draw.receipt(10), draw.receipt(3)], draw.lines()
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert misproved(file, receipts, tmp_path) == []
    del lines[11]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = misproved(file, receipts, tmp_path)
    assert any(one.startswith("receipt of leaf 10: The entry is NOT in the file") for one in found)
    assert any(not one.startswith("receipt") for one in found)
    file.write_bytes(b"")
    assert len(misproved(file, receipts, tmp_path)) == 3
