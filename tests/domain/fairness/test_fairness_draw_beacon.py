"""A draw with a public beacon: the promised one, in the promised round, signed."""

from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest

from domain.fairness import Verdict
from domain.fairness.draws import check_draw
from domain.fairness.draws.rounds import FixedRound
from domain.fairness.quicknet import CHAIN_HASH as QUICKNET
from tests.support.draw_proofs import Lines, played_draw
from tests.support.draw_tampering import failing, first_of, forged, tampered

CHAIN, SIGNATURE = "52" * 32, "ab" * 48
MIXED = {"round": 1_000, "randomness": sha256(bytes.fromhex(SIGNATURE)).hexdigest(), "signature": SIGNATURE}


def signed(chain: str, number: int, signature: bytes) -> bytes | None:
    """A beacon that has signed one round."""
    return sha256(signature).digest() if (chain, number, signature.hex()) == (CHAIN, 1_000, SIGNATURE) else None


def with_beacon(**changes: Any) -> Lines:
    """The file of a draw with a beacon."""
    return played_draw(beacon=MIXED | changes, rules_beacon={"chainHash": CHAIN}).lines()


def test_a_beacon_is_checked_by_its_signature() -> None:
    checked = check_draw(with_beacon(), signed)
    assert checked.is_proved
    assert "public beacon" in checked.findings[-1].text
    refused = check_draw(with_beacon(), lambda *_: None)
    assert [finding.check for finding in refused.findings if finding.verdict is Verdict.FAILS] == ["beacon"]


def test_without_a_check_of_signatures_a_beacon_stays_open() -> None:
    open_ones = [one.check for one in check_draw(with_beacon()).findings if one.verdict is not Verdict.HOLDS]
    assert open_ones == ["beacon", "assurance"]


def test_another_round_than_the_one_that_was_fixed_is_named() -> None:
    lines = with_beacon()
    at = first_of("SEALED", lines)

    def fix_another(changed: Lines) -> None:
        changed[:] = lines
        changed[at]["step"]["beaconRound"] = 999

    fault = failing(forged(fix_another))["outcome"]
    assert "round 1000, but round 999 was fixed" in fault.text


SOON = {"round": 23_650_000, "randomness": MIXED["randomness"], "signature": SIGNATURE}


def moved(number: int, first: int | None = None) -> Lines:
    """A draw on quicknet that names a round when it is rescheduled, and another when it is sealed."""

    def name(lines: Lines) -> None:
        lines[:] = deepcopy(played_draw(beacon=SOON | {"round": number}, rules_beacon={"chainHash": QUICKNET}).lines())
        lines[first_of("RESCHEDULED", lines)]["step"]["beaconRound"] = number
        lines[first_of("SEALED", lines)]["step"]["beaconRound"] = first or number

    return forged(name)


def outcome(lines: Lines) -> str:
    """What is wrong with the steps; nothing when nothing is."""
    return failing(lines)["outcome"].text if "outcome" in failing(lines) else ""


@pytest.mark.parametrize(
    ("number", "first", "said"),
    [
        (23_650_000, None, ""),
        (23_650_000, 23_649_000, ""),
        (23_650_000, 23_640_000, ""),
        (23_640_000, None, "which was public before it was fixed"),
        (23_650_000, 23_647_015, "replaces round 23647015, which everybody knew by then"),
    ],
    ids=["kept", "moved before it was public", "moved because it was public", "known", "drawn anew"],
)
def test_a_round_is_fixed_before_anybody_knows_it_and_kept_when_somebody_does(
    number: int, first: int | None, said: str
) -> None:
    text = outcome(moved(number, first))
    assert said in text
    assert bool(said) == bool(text)


def test_a_round_is_public_from_its_instant_on() -> None:
    assert FixedRound(QUICKNET, 2, 1_692_803_369_999_999).was_unknown
    assert not FixedRound(QUICKNET, 2, 1_692_803_370_000_000).was_unknown
    assert FixedRound("00" * 32, 2, 2**60).was_unknown


def test_another_beacon_in_the_log_than_in_the_document_is_named() -> None:
    def exchange(lines: Lines) -> None:
        lines[:] = with_beacon()
        lines[first_of("DRAWN", lines)]["step"]["beacon"]["randomness"] = "00" * 32

    assert "another beacon" in outcome(forged(exchange))


def test_no_round_is_fixed_any_more_after_the_draw() -> None:
    def fix(lines: Lines) -> None:
        lines[:] = with_beacon()
        moved_line = lines.pop(first_of("RESCHEDULED", lines))
        moved_line["step"]["beaconRound"] = 1_001
        lines.insert(first_of("SELECTED", lines), moved_line)

    assert "where none is to be mixed in any more" in outcome(forged(fix))


@pytest.mark.parametrize(
    ("beacon", "rules", "said"),
    [
        ({"chainHash": "53" * 32}, {"chainHash": CHAIN}, "NOT the one that the rules name"),
        ({"signature": "cd" * 48}, {"chainHash": CHAIN}, "NOT the SHA-256 of its signature"),
        ({}, None, "the rules name none"),
        (None, {"chainHash": CHAIN}, "none was mixed in"),
    ],
)
def test_a_beacon_that_is_not_the_promised_one_is_named(beacon: Any, rules: Any, said: str) -> None:
    lines = with_beacon()
    lines[0]["rules"]["beacon"] = rules
    lines[0]["beacon"] = None if beacon is None else lines[0]["beacon"] | beacon
    assert said in failing(lines)["beacon"].text


def test_an_assurance_that_the_rules_do_not_give_is_named() -> None:
    assert "not beacon" in failing(tampered(lambda lines: lines[0].update(assurance="beacon")))["assurance"].text
