"""A proof file that was touched anywhere never holds, and one that cannot be read says at which line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import Verdict
from domain.fairness.draws import UnreadableProofError, check_draw
from tests.support.draw_proofs import PlayedDraw
from tests.support.draw_tampering import HONEST, Tamper, tampered

TEXT = "\n".join(json.dumps(line, separators=(",", ":")) for line in HONEST)


@settings(max_examples=400, deadline=None, database=None)
@given(st.integers(0, len(TEXT) - 1), st.sampled_from('0123456789abcdefEX{}[]":,-.nultrfs \n\\\u00e9'))
def test_a_file_with_any_other_character_never_holds(at: int, character: str) -> None:
    if TEXT[at] == character:
        return
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    try:
        lines = [json.loads(line) for line in changed.split("\n")]
        checked = check_draw(lines)
    except (ValueError, UnreadableProofError):
        return
    assert not checked.is_proved
    assert [finding for finding in checked.findings if finding.verdict is Verdict.FAILS]


SPOILT: list[tuple[Tamper, int]] = [
    (lambda lines: lines[0].pop("seed"), 1),
    (lambda lines: lines[0].pop("algorithm"), 1),
    (lambda lines: lines[0].pop("order"), 1),
    (lambda lines: lines[0]["rules"].pop("kind"), 1),
    (lambda lines: lines[40]["step"].update(prevHash="x"), 41),
    (lambda lines: lines[40]["step"].update(reason=None), 41),
    (lambda lines: lines[0].update(PlayedDraw().document()), 2),
    (lambda lines: lines[0].update(fileUrl="/"), 1),
    (lambda lines: lines[0].update(algorithm="drumroll-order/1"), 1),
    (lambda lines: lines[0].update(seed=None), 1),
    (lambda lines: lines[0]["rules"].update(winnerCount=6.0), 1),
    (lambda lines: lines[0]["rules"].update(backfill=1), 1),
    (lambda lines: lines[4].update(tickets="1"), 5),
    (lambda lines: lines[4].update(tickets=0), 5),
    (lambda lines: lines[4].update(people=101), 5),
    (lambda lines: lines[4].update(number=True), 5),
    (lambda lines: lines[4].update(duplicateKey="00" * 32), 5),
    (lambda lines: lines[4].update(duplicateKey="AB" * 32), 5),
    (lambda lines: lines[4].update(duplicateKey="xy"), 5),
    (lambda lines: lines[4].update(preferences=[]), 5),
    (lambda lines: lines[4].update(preferences=["\ud800"]), 5),
    (lambda lines: lines[4].update(leaf="arrive"), 5),
    (lambda lines: lines[4].update(more=1), 5),
    (lambda lines: lines[4].pop("people"), 5),
    (lambda lines: lines[40].update(more=1), 41),
    (lambda lines: lines[40].update(step=[]), 41),
    (lambda lines: lines[40]["step"].update(type="LOST"), 41),
    (lambda lines: lines[40]["step"].pop("hash"), 41),
    (lambda lines: lines.insert(40, lines[3]), 41),
    (lambda lines: lines.insert(40, lines[-1]), 42),
    (lambda lines: lines.insert(3, 17), 4),
    (lambda lines: lines.pop(), 64),
    (lambda lines: lines.clear(), 1),
    (lambda lines: lines[-1]["end"].update(leaves=-1), 64),
    (lambda lines: lines[-1]["end"].pop("leaves"), 64),
    (lambda lines: lines.append({}), 65),
]
"""What makes a file unreadable, and in which line."""


@pytest.mark.parametrize(("tamper", "line"), SPOILT)
def test_a_file_that_cannot_be_read_is_told_by_its_line(tamper: Tamper, line: int) -> None:
    with pytest.raises(UnreadableProofError, match=f"^line {line} "):
        check_draw(tampered(tamper))
