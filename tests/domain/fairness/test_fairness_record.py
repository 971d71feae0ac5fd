"""The log of all draws: a gap, a second run, a void and a swapped draw are found and named."""

import json
from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import Verdict
from domain.fairness.draws import UnreadableProofError
from domain.fairness.record import bodies, check_record
from tests.support.draw_proofs import DRAW, Lines
from tests.support.draw_records import (
    EXPERIENCE,
    MORE,
    ORGANIZATION,
    SPOILED,
    A,
    B,
    C,
    Told,
    created,
    failing,
    file_of,
    head,
    rechained,
    record_of,
    whole_draw,
)

HONEST = record_of(whole_draw())
TEXT = "\n".join(json.dumps(line, separators=(",", ":")) for line in HONEST)
SEALED = bodies.Sealed(tree_head=A, log_size=3, steps=head(1))
DRAWN = bodies.Drawn(seed=B, steps=head(2))
OVER = bodies.Completed(steps=head(4))
LIFE: Told = [(DRAW, created()), (DRAW, SEALED), (DRAW, DRAWN)]


def tampered(tamper: Callable[[Lines], object]) -> Lines:
    """The honest file after somebody was at it."""
    file = deepcopy(HONEST)
    tamper(file)
    return file


def swap(file: Lines, one: int, other: int) -> None:
    """Two lines change places."""
    file[one], file[other] = file[other], file[one]


def test_an_honest_log_holds_and_tells_of_its_draws() -> None:
    checked = check_record(HONEST)
    assert checked.is_proved
    assert [finding.check for finding in checked.findings] == ["document", "chain", "draws", "repeats", "end"]
    assert checked.statement.as_json() == {
        "draws": 3, "frozen": 2, "drawn": 1, "completed": 1, "archived": 1,
        "void": [{"drawId": str(SPOILED), "reason": "the wrong date"}],
        "replaced": [{"drawId": str(SPOILED), "by": [str(DRAW)]}],
        "frozenNotDrawn": [str(MORE)],
        "experiences": [{"experienceId": str(EXPERIENCE), "draws": 2}],
    }  # fmt: skip
    assert checked.statement.sentences() == [
        "3 draws in all: 2 frozen, 1 drawn, 1 completed, 1 void, 1 out of the lists.",
        f"Draw {SPOILED} is void: the wrong date",
        f"Draw {SPOILED} was repeated by {DRAW}.",
        f"Draw {MORE} is frozen and not drawn.",
        f"Experience {EXPERIENCE} has 2 draws that count side by side.",
    ]


def test_a_log_in_which_nothing_stands_yet_holds() -> None:
    assert check_record(file_of([])).is_proved


@settings(max_examples=400, deadline=None, database=None)
@given(st.integers(0, len(TEXT) - 1), st.sampled_from('0123456789abcdefEX{}[]":,-.nultrfs \n\\\u00e9'))
def test_a_log_with_any_other_character_never_holds(at: int, character: str) -> None:
    if TEXT[at] == character:
        return
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    try:
        checked = check_record([json.loads(line) for line in changed.split("\n")])
    except (ValueError, UnreadableProofError):
        return
    assert not checked.is_proved
    assert [finding for finding in checked.findings if finding.verdict is Verdict.FAILS]


@pytest.mark.parametrize(
    ("tamper", "line", "words"),
    [
        (lambda file: file.pop(3), 2, "dropped"),
        (lambda file: file.insert(3, file[2]), 2, "dropped, added or moved"),
        (lambda file: swap(file, 5, 6), 4, "moved"),
        (lambda file: file[3]["line"].update(reason="the wrong prize"), 2, "its hash is not that of what it says"),
        (lambda file: file[3]["line"].update(prevHash=A), 2, "does not follow"),
        (lambda file: file[1]["line"].update(rulesHash=C), 0, "was changed"),
        (lambda file: file[0].update(organizationId=str(EXPERIENCE)), 0, "does not follow"),
        (lambda file: file[0].update(mode="test"), 0, "does not follow"),
        (lambda file: file[0].update(head=A), 9, "NOT the one that the document names"),
        (lambda file: file.pop(-2), 9, "There are 9 lines, but the document says 10"),
    ],
)
def test_a_line_that_was_changed_dropped_added_or_moved_is_named(
    tamper: Callable[[Lines], object], line: int, words: str
) -> None:
    found = failing(tampered(tamper))["chain"]
    assert (found.line, words in found.text) == (line, True), found


def test_an_end_that_counts_wrong_is_found() -> None:
    assert list(failing(tampered(lambda file: file[-1]["end"].update(lines=9)))) == ["end"]


def test_a_tail_that_was_cut_off_shows_by_the_head_that_somebody_kept() -> None:
    kept = HONEST[0]
    cut = rechained(HONEST[:-2])
    assert check_record(cut).is_proved
    assert failing([kept, *cut[1:]]).keys() == {"chain"}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([(DRAW, SEALED)], "never created"),
        ([*LIFE, (DRAW, created())], "created before"),
        ([*LIFE, (DRAW, SEALED)], "as many steps before"),
        ([*LIFE, (DRAW, SEALED.model_copy(update={"steps": head(5)}))], "frozen a second time"),
        ([*LIFE, (DRAW, DRAWN.model_copy(update={"steps": head(5)}))], "a second run"),
        ([*LIFE, (DRAW, DRAWN)], "as many steps before"),
        ([(DRAW, created()), (DRAW, DRAWN)], "never frozen"),
        ([(DRAW, created()), (DRAW, SEALED), (DRAW, bodies.Rules(rules_hash=C))], "frozen before"),
        ([(DRAW, created()), (DRAW, SEALED), (DRAW, OVER)], "never drawn"),
        ([*LIFE, (DRAW, OVER), (DRAW, bodies.ClaimClosed(steps=head(9)))], "completed before"),
        ([*LIFE, (DRAW, bodies.Void(reason="no"))], "when it was frozen, and only then"),
        ([(DRAW, created()), (DRAW, bodies.Void(reason="no", steps=head(1)))], "when it was frozen, and only then"),
        ([(DRAW, created()), (DRAW, bodies.Void(reason="no")), (DRAW, SEALED)], "void before"),
        ([(DRAW, created()), (DRAW, bodies.Void(reason="no")), (DRAW, bodies.Void(reason="no"))], "void before"),
        ([(DRAW, created()), (DRAW, bodies.Archived()), (DRAW, SEALED)], "left the lists before"),
        ([*LIFE, (DRAW, bodies.Archived()), (DRAW, bodies.Archived())], "left the lists before"),
    ],
)
def test_what_no_draw_can_go_through_is_named_even_in_a_chain_that_was_mended(told: Told, words: str) -> None:
    found = failing(file_of([(SPOILED, created()), *told]))
    assert list(found) == ["draws"]
    assert (found["draws"].line, words in found["draws"].text, str(DRAW) in found["draws"].text) == (
        len(told),
        True,
        True,
    )


@pytest.mark.parametrize("ended", [bodies.Completed(steps=head(3)), bodies.ClaimClosed(steps=head(3))])
def test_a_draw_that_left_the_lists_may_still_end(ended: bodies.Completed) -> None:
    assert check_record(file_of([*LIFE, (DRAW, bodies.Archived()), (DRAW, ended)])).is_proved
    again = bodies.Void(reason="no", steps=head(4))
    assert check_record(file_of([*LIFE, (DRAW, ended), (DRAW, again)])).is_proved


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([(DRAW, created(replaces_draw_id=SPOILED))], "not in the log before"),
        ([(SPOILED, created()), (DRAW, created(replaces_draw_id=SPOILED))], "not void then"),
        (
            [(SPOILED, created()), (DRAW, created()), (DRAW, bodies.Rules(rules_hash=B, replaces_draw_id=SPOILED))],
            "not void",
        ),
        ([(DRAW, created(replaces_draw_id=DRAW))], "not void"),
    ],
)
def test_a_draw_may_only_repeat_one_that_was_void_before(told: Told, words: str) -> None:
    found = failing(file_of(told))
    assert list(found) == ["repeats"]
    assert (found["repeats"].line, words in found["repeats"].text) == (len(told) - 1, True)


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (lambda file: file.clear(), 1),
        (lambda file: file.insert(0, 17), 1),
        (lambda file: file[0].update(algorithm="drumroll-draw/1"), 1),
        (lambda file: file[0].update(organizationId=str(ORGANIZATION).upper()), 1),
        (lambda file: file[0].update(more=1), 1),
        (lambda file: file[0].pop("head"), 1),
        (lambda file: file[0].update(size=-1), 1),
        (lambda file: file[3].update(line=[]), 4),
        (lambda file: file[3].update(more=1), 4),
        (lambda file: file[3]["line"].update(type="DRAWN TWICE"), 4),
        (lambda file: file[3]["line"].update(drawId=7), 4),
        (lambda file: file[3]["line"].update(reason="\ud800"), 4),
        (lambda file: file[3]["line"].update(at="yesterday"), 4),
        (lambda file: file[3]["line"].update(n=2.0), 4),
        (lambda file: file[3]["line"].pop("hash"), 4),
        (lambda file: file[6]["line"].update(steps={"size": 0, "head": A}), 7),
        (lambda file: file.pop(), 12),
        (lambda file: file[-1].update(end=1), 12),
        (lambda file: file[-1]["end"].update(lines="10"), 12),
        (lambda file: file.append(file[-1]), 13),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(tamper: Callable[[Lines], object], line: int) -> None:
    with pytest.raises(UnreadableProofError) as caught:
        check_record(tampered(tamper))
    assert caught.value.line == line
