"""The page that checks draws and openings in a browser, from disk: what holds, what does not, and what it says of it."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api_gateway.http.verifier import PAGE
from domain.fairness.quicknet import CHAIN_HASH as QUICKNET
from tests.docs.documents import ROOT
from tests.support.browser import running_browser
from tests.support.draw_proofs import Lines, PlayedDraw, played_draw, prized_draw
from tests.support.draw_tampering import HONEST, PRIZED, first_of, forged, tampered
from tests.support.proofs import honest_proof
from tests.support.verifier_page import VerifierPage, as_lines

QUEUES, DRAWS = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", (ROOT / "docs/fairness.md").read_text(), re.DOTALL)
)
SIGNATURE = "ab" * 48
MIXED = {"round": 23_650_000, "randomness": sha256(bytes.fromhex(SIGNATURE)).hexdigest(), "signature": SIGNATURE}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifierPage]:
    """The page as a file."""
    with running_browser() as browser:
        page = VerifierPage(browser, PAGE.as_uri(), tmp_path_factory.mktemp("chosen"))
        yield page
        assert browser.troubles == []


def entry(lines: Lines, skip: int = 3) -> dict[str, Any]:
    """An entry's line."""
    return [line for line in lines if line.get("leaf") == "enter"][skip]


def test_its_hashes_are_those_of_the_browser(page: VerifierPage) -> None:
    assert page.browser.evaluate("testHashes()") is True


@pytest.mark.parametrize("rules", QUEUES["rules"])
def test_its_canonical_form_is_the_specified_one(page: VerifierPage, rules: dict[str, Any]) -> None:
    text = json.dumps(json.dumps(rules["rules"]))
    assert page.browser.evaluate(f"canonical(JsonReader.read({text}))").encode().hex() == rules["canonical"]
    assert page.browser.evaluate(f"hexOf(canonicalHash(JsonReader.read({text})))") == rules["rulesHash"]


@pytest.mark.parametrize(("kind", "ranks"), [("rank", "ranksBySorting"), ("permutation", "ranksByPermutation")])
def test_its_orders_are_the_specified_ones(page: VerifierPage, kind: str, ranks: str) -> None:
    for vector in QUEUES[kind]:
        seed, tickets = json.dumps(QUEUES["seed"]["seed"]), json.dumps(vector["tickets"])
        assert page.browser.evaluate(f"{tickets}.map({ranks}({seed}, {vector['count']}))") == vector["ranks"]


def test_the_specified_examples_hold(page: VerifierPage) -> None:
    draw = page.check(DRAWS["file"], DRAWS["receipt"])
    assert (draw.verdict, draw.failing) == ("holds", set())
    assert {"receipt", "draw", "entry", "log"} <= set(draw.verdicts)
    assert page.check(DRAWS["prizes"]).verdict == "holds"
    queue = {
        "proof.json": json.dumps(QUEUES["proof"], indent=2).encode(),
        "entries.ndjson": as_lines(QUEUES["entries"]),
    }
    assert page.check_files(queue).verdict == "holds"


def test_a_draw_holds_as_lines_and_zipped(page: VerifierPage) -> None:
    assert page.check(HONEST).verdict == "holds"
    assert page.check(gzip.compress(as_lines(HONEST)), name="proof.ndjson.gz").verdict == "holds"


def name_another_prize(lines: Lines) -> None:
    """Say that somebody was promoted to another prize, and mend the chain."""
    steps = [line["step"] for line in lines if "step" in line]
    promoted = next(step for step in steps if step["type"] == "PROMOTED")
    promoted["prize"] = "box" if promoted["prize"] != "box" else "stalls"


def prefer_otherwise(lines: Lines) -> None:
    """Turn preferences round."""
    next(line for line in lines if len(line.get("preferences") or ()) > 1)["preferences"].reverse()


def prefer_what_is_none(lines: Lines) -> None:
    """Let an entry prefer what is no prize of the draw."""
    lines[1]["preferences"] = ["garden"]


def test_a_draw_of_several_prizes_holds_and_says_how_many_places_of_each_are_held(page: VerifierPage) -> None:
    draw = prized_draw()
    shown = page.check(draw.lines())
    assert (shown.verdict, shown.failing) == ("holds", set())
    held = [f"{one['places'] - draw.free_of(one['name'])} of {one['name']}" for one in draw.rules["prizes"]]
    assert f": {', '.join(held)}." in page.browser.evaluate("document.body.innerText")


@pytest.mark.parametrize(
    ("tamper", "check", "names"),
    [
        (name_another_prize, "outcome", "the prize is"),
        (prefer_otherwise, "treeHead", "tree head"),
        (prefer_what_is_none, "leaves", "no prize “garden”"),
    ],
)
def test_whoever_changes_what_was_preferred_or_won_is_named(
    page: VerifierPage, tamper: Callable[[Lines], object], check: str, names: str
) -> None:
    shown = page.check(forged(tamper, PRIZED))
    assert shown.verdict == "fails"
    assert names in shown.texts[check]


def swap_promotions(lines: Lines) -> None:
    """Let two winners change places."""
    one, other = (lines[first_of("PROMOTED", lines, skip)]["step"] for skip in (0, 1))
    one["participationId"], other["participationId"] = other["participationId"], one["participationId"]


FORGED: dict[str, tuple[Callable[[Lines], object], str, str]] = {
    "a dropped entry": (lambda lines: lines.remove(entry(lines)), "leaves", "Leaf 3"),
    "a changed weight": (lambda lines: entry(lines).update(tickets=2), "leaves", "Leaf 4"),
    "the last weight changed": (lambda lines: entry(lines, -1).update(tickets=4), "treeHead", "tree head"),
    "a swapped promotion": (swap_promotions, "outcome", "PROMOTED"),
    "a promotion that is left out": (
        lambda lines: lines.pop(first_of("PROMOTED", lines)),
        "outcome",
        "who gets the places",
    ),
    "a winner more": (
        lambda lines: lines[first_of("SELECTED", lines)]["step"].update(winners=9),
        "outcome",
        "SELECTED",
    ),
    "an entry that was let in twice": (lambda lines: lines.insert(9, deepcopy(lines[8])), "leaves", "Leaf 8"),
    "another secret": (lambda lines: lines[0].update(serverSeed="00" * 32), "commitment", "secret"),
    "other rules": (lambda lines: lines[0]["rules"].update(winnerCount=7), "rules", "rules"),
    "another status": (lambda lines: lines[0].update(drawStatus="completed"), "status", "drawn"),
}


@pytest.mark.parametrize("what", FORGED)
def test_whoever_forges_a_file_and_mends_its_chain_is_named(page: VerifierPage, what: str) -> None:
    tamper, check, names = FORGED[what]
    shown = page.check(forged(tamper))
    assert shown.verdict == "fails"
    assert check in shown.failing
    assert names in shown.texts[check]


def test_a_log_that_was_cut_is_seen(page: VerifierPage) -> None:
    shown = page.check(tampered(lambda lines: lines.pop(-2)))
    assert {"steps", "end"} <= shown.failing
    assert "28 steps, the file has 27" in shown.texts["steps"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[:-40], "the file breaks off"),
        (lambda text: text.replace(b'"leaf": "enter", "index": 2,', b'"leaf": "enter", "index": 2.0,'), "Line 4: character 29"),
        (lambda text: text.replace(b'"index": 2,', b'"index": 2, "index": 2,', 1), "Line 4: character 38: expected “index” only"),
        (lambda text: text.replace(b'"index": 2,', b'"index": 2, "more": 1,', 1), "Line 4: “more” does not belong there"),
        (lambda text: text.replace(b'"people": 1', b'"people": 101', 1), "Line 3: “people” is not an integer from 1 to 100"),
        (lambda text: text.replace(b"paused", b"pa\xffsed"), "Line 40: it is not UTF-8"),
        (lambda text: text.replace(b"paused", b"pa\\ud800sed"), "Line 40: character"),
        (lambda text: text.replace(b"\n", b"\n\n", 1), "Line 2: character 1"),
        (lambda text: text.replace(b'"commit_reveal"', b'"sworn"'), "Line 1: “assurance” is not"),
        (lambda text: gzip.compress(text)[:-400], "cannot be read any more"),
        (lambda text: text[:0], "The file is empty"),
        (lambda text: text[text.index(b"\n") + 1 :], "Line 1: “algorithm” is missing"),
        (lambda text: text + b"{}\n", "Line 65: it is neither a leaf nor a step nor the end"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_where(
    page: VerifierPage, spoil: Callable[[bytes], bytes], said: str
) -> None:
    shown = page.check(spoil(as_lines(HONEST)))
    assert shown.verdict == "fails"
    assert said in shown.said
    assert "This decides nothing about the draw" in shown.said


def test_every_flipped_byte_of_some_is_seen(page: VerifierPage) -> None:
    text = as_lines(DRAWS["file"])
    for at in range(5, len(text), 97):
        spoilt = bytearray(text)
        spoilt[at] ^= 1
        assert page.check(bytes(spoilt)).verdict == "fails", at


def test_a_receipt_shows_that_its_entry_was_dropped(page: VerifierPage) -> None:
    draw = played_draw()
    receipt, other = draw.receipt(5, 9), DRAWS["receipt"]
    held = page.check(HONEST, receipt)
    assert held.verdict == "holds"
    assert "rank" in held.texts["entry"]
    gone = page.check(tampered(lambda lines: lines.pop(6)), receipt)
    assert {"entry", "log"} <= gone.failing
    assert "Your entry is not in the file as it was taken" in gone.said
    assert "receipt" in page.check(HONEST, receipt | {"index": 6}).failing
    assert {"entry", "log"} <= page.check(HONEST, other).failing
    assert (
        "“path” is missing" in page.check(HONEST, {"signedTreeHead": "e30.e30."} | {"leaf": "0" * 64, "index": 0}).said
    )


def test_a_receipt_of_a_draw_that_is_not_frozen_accuses_nobody(page: VerifierPage) -> None:
    draw = PlayedDraw()
    draw.enter()
    shown = page.check(draw.lines(), draw.receipt(0))
    assert (shown.verdict, shown.failing) == ("open", set())
    receipt = ("receipt", "draw", "entry", "log")
    assert [shown.verdicts[check] for check in receipt] == ["holds", "holds", "open", "open"]
    assert "published when they are frozen" in shown.texts["entry"]


def test_what_is_not_published_yet_is_open(page: VerifierPage) -> None:
    pending = PlayedDraw().lines()
    assert page.check(pending).verdict == "open"
    sealed = PlayedDraw()
    sealed.enter()
    sealed.seal()
    shown = page.check(sealed.lines())
    opened = {check for check, verdict in shown.verdicts.items() if verdict == "open"}
    assert (shown.verdict, opened) == ("open", {"commitment", "seed", "outcome", "assurance"})


def test_the_signature_of_a_beacon_is_left_to_others_in_words(page: VerifierPage) -> None:
    lines = played_draw(beacon=MIXED, rules_beacon={"chainHash": QUICKNET}).lines()
    shown = page.check(lines)
    assert (shown.verdict, shown.verdicts["beacon"], shown.failing) == ("open", "open", set())
    assert "drumroll verify" in shown.texts["beacon"]
    lines[0]["beacon"]["randomness"] = "00" * 32
    assert {"beacon", "seed"} <= page.check(lines).failing


@pytest.mark.parametrize("people", [40, 70_000])
def test_a_queue_holds_and_a_swapped_rank_is_named(page: VerifierPage, people: int) -> None:
    document, entries = honest_proof(people)
    files = {"proof.json": json.dumps(document).encode(), "entries.ndjson": as_lines(entries)}
    assert page.check_files(files).verdict == "holds"
    entries[7]["rank"], entries[9]["rank"] = entries[9]["rank"], entries[7]["rank"]
    shown = page.check_files(files | {"entries.ndjson": as_lines(entries)})
    assert shown.failing == {"ranks"}
    assert "Ticket 7 " in shown.texts["ranks"]
    shown = page.check_files(files | {"entries.ndjson": as_lines(entries[:20] + entries[21:])})
    assert "Line 21: it is ticket 21, where ticket 20 belongs" in shown.texts["entries"]


def test_it_asks_for_what_is_missing(page: VerifierPage) -> None:
    document, entries = honest_proof()
    assert (
        "The entries of the queue are missing" in page.check_files({"proof.json": json.dumps(document).encode()}).said
    )
    assert "The proof document of the queue is missing" in page.check(as_lines(entries)).said
    assert "proof/file" in page.check([HONEST[0] | {"fileUrl": "https://example/proof/file"}]).said


def test_it_can_be_read_by_those_who_do_not_see_it(page: VerifierPage) -> None:
    page.check(HONEST)
    assert page.browser.evaluate("document.activeElement.className") == "verdict holds"
    assert page.browser.evaluate("document.getElementById('said').role") == "status"
    assert "holds" in page.browser.evaluate("document.getElementById('said').textContent")
    nodes = page.browser.call("Accessibility.getFullAXTree")["nodes"]
    names = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]}
    assert ("button", "Remove proof.ndjson") in names
    assert any(role == "button" and name.startswith("Choose files, or drop them here") for role, name in names)


@pytest.mark.parametrize("width", [320, 1400])
def test_nothing_stands_beyond_the_edge(page: VerifierPage, width: int) -> None:
    page.browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    page.check(HONEST, played_draw().receipt(5))
    assert page.browser.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_names_no_place_to_connect_to() -> None:
    text = Path(PAGE).read_text()
    assert re.findall(r"https?://|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\b|\beval\b", text) == []
