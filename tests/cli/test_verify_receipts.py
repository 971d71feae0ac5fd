"""`drumroll verify --receipt --keys`: what an entrant kept, against what is published and the organizer's keys."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from runtime.keys import SigningKey, new_key, open_key
from tests.support.draw_proofs import played_draw
from tests.support.proofs import honest_proof
from tests.support.receipts import KEY_SET, OWN, OWN_JWK, Json, queue_receipt, signed

DRAW = played_draw()
MINE = signed(DRAW.receipt(10, 20))
DOCUMENT, ENTRIES = honest_proof(11)
LATER = queue_receipt(4, 13)
KEK = bytes(32)
Change = Callable[[Any], object]


def other_key(kid: str = OWN.kid) -> SigningKey:
    """A key of somebody else, who says that it is this one."""
    made = new_key(KEK)
    return SigningKey(kid, open_key(made.kid, made.sealed, KEK).key)


def written(folder: Path, name: str, content: Any) -> Path:
    """A file: text and bytes as they are, lines for a list, JSON for anything else."""
    path = folder / name
    if isinstance(content, list):
        content = "".join(json.dumps(line) + "\n" for line in content)
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def verified(folder: Path, proof: Any, receipt: Any, keys: Any = None, *words: str) -> Result:
    """What came of it: `proof` are the lines of one file, `keys` a key set or None."""
    said = [written(folder, "proof.ndjson", proof), "--receipt", written(folder, "receipt.json", receipt)]
    said += [] if keys is None else ["--keys", written(folder, "keys.json", keys)]
    return CliRunner().invoke(app, ["verify", *map(str, said), *words])


def of_draw(folder: Path, receipt: Any = MINE, keys: Any = KEY_SET, change: Change = lambda _: None) -> Result:
    """The receipt against the draw's file, whose lines were changed."""
    lines = DRAW.lines()
    change(lines)
    return verified(folder, lines, receipt, keys)


def of_queue(folder: Path, receipt: Any, keys: Any = KEY_SET, change: Change = lambda _: None) -> dict[str, str]:
    """What every check says of a receipt of the line, whose entries were changed."""
    lines = json.loads(json.dumps(ENTRIES))
    change(lines)
    told = json.loads(verified(folder, [DOCUMENT, *lines], receipt, keys, "--json").output)
    return {one["check"]: one["verdict"] for one in told["receipt"]}


def test_a_receipt_that_the_organizer_signed_holds(tmp_path: Path) -> None:
    result = of_draw(tmp_path)
    assert result.exit_code == 0, result.output
    assert "The entry stands in the file, as leaf 10." in result.output
    assert "signed with a key of the organizer" in result.output
    assert result.output.endswith("The receipt holds.\n")


def test_the_key_is_the_one_that_the_receipt_names(tmp_path: Path) -> None:
    another = new_key(KEK).public_jwk
    assert of_draw(tmp_path, keys={"keys": [another, *KEY_SET["keys"]]}).exit_code == 0
    assert of_draw(tmp_path, keys={"keys": [another]}).exit_code == 1


def test_without_keys_it_is_open_who_signed_and_said_what_is_missing(tmp_path: Path) -> None:
    result = of_draw(tmp_path, keys=None)
    assert (result.exit_code, "--keys" in result.output) == (1, True)
    assert "The draw is the one that was committed to." in result.output


@pytest.mark.parametrize(
    "receipt",
    [
        pytest.param(signed(MINE, other_key()), id="another key under this name"),
        pytest.param(signed(MINE, other_key("nobody")), id="a key that is not published"),
        pytest.param(signed(MINE, SigningKey("nobody", OWN.key)), id="the key under a name that is not published"),
        pytest.param(signed(MINE, typ="admission+jwt"), id="another type"),
        pytest.param(MINE | {"signedTreeHead": MINE["signedTreeHead"][:-6] + "AAAAAA"}, id="a changed signature"),
        pytest.param(MINE | {"signedTreeHead": MINE["signedTreeHead"].rpartition(".")[0] + "."}, id="no signature"),
        pytest.param(DRAW.receipt(10, 20), id="no header"),
    ],
)
def test_what_the_organizer_has_not_signed_says_nothing_of_the_draw(tmp_path: Path, receipt: Json) -> None:
    result = of_draw(tmp_path, receipt)
    assert result.exit_code == 1
    assert "is NOT signed by the organizer" in result.output
    assert "it says nothing of the draw" in result.output
    assert "The draw is the one that was committed to." in result.output


@pytest.mark.parametrize("alg", ["none", "HS256", "EdDSA "])
def test_no_other_algorithm_counts(tmp_path: Path, alg: str) -> None:
    _, payload, signature = MINE["signedTreeHead"].split(".")
    header = {"alg": alg, "typ": "tree-head+jwt", "kid": OWN.kid}
    forged = f"{urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip('=')}.{payload}.{signature}"
    assert "is NOT signed by the organizer" in of_draw(tmp_path, MINE | {"signedTreeHead": forged}).output


def test_an_entry_that_was_dropped_is_shown_by_a_receipt_that_is_the_organizers(tmp_path: Path) -> None:
    result = of_draw(tmp_path, change=lambda lines: lines.pop(11))
    assert result.exit_code == 1
    assert "The entry is NOT in the file" in result.output
    assert "it contradicts what is published" in result.output


def test_a_receipt_of_another_leaf_or_another_draw_does_not_hold(tmp_path: Path) -> None:
    assert "does NOT lead" in of_draw(tmp_path, MINE | {"leaf": "00" * 32}).output
    assert "does NOT lead" in of_draw(tmp_path, MINE | {"path": MINE["path"][1:]}).output
    assert "does NOT lead" in of_draw(tmp_path, MINE | {"index": 9}).output
    assert "of another draw" in of_draw(tmp_path, queue_receipt(3, 8)).output


HOLD = dict.fromkeys(("receipt", "signature", "queue", "entry", "log"), "holds")


@pytest.mark.parametrize(("index", "size"), [(0, 1), (3, 8), (10, 11), (0, 12), (4, 13), (10, 12), (10, 100)])
def test_a_receipt_of_the_cohort_holds_however_far_the_log_went_on(tmp_path: Path, index: int, size: int) -> None:
    assert of_queue(tmp_path, queue_receipt(index, size)) == HOLD


@pytest.mark.parametrize(("index", "size", "log"), [(11, 12, "holds"), (12, 20, "holds"), (17, 40, "open")])
def test_of_an_entry_behind_the_cohort_the_file_says_nothing(tmp_path: Path, index: int, size: int, log: str) -> None:
    assert of_queue(tmp_path, queue_receipt(index, size)) == HOLD | {"entry": "open", "log": log}


def swap(lines: Any) -> None:
    """Let two entries change places, and keep their numbers."""
    lines[4]["participationId"], lines[5]["participationId"] = lines[5]["participationId"], lines[4]["participationId"]


@pytest.mark.parametrize(
    ("receipt", "change", "failing"),
    [
        pytest.param(queue_receipt(4, 8), lambda lines: lines.pop(4), {"entry", "log"}, id="dropped"),
        pytest.param(LATER, lambda lines: lines.pop(4), {"entry", "log"}, id="dropped, the log went on"),
        pytest.param(LATER, swap, {"entry", "log"}, id="moved, the log went on"),
        pytest.param(LATER, lambda lines: lines[2].update(kind="requeue"), {"log"}, id="a change before it"),
        pytest.param(LATER, lambda lines: lines[7].update(ticket=99), {"log"}, id="a change behind it"),
        pytest.param(LATER, lambda lines: lines.__delitem__(slice(3, None)), {"entry", "log"}, id="cut off before it"),
        pytest.param(queue_receipt(10, 12), lambda lines: lines.pop(), {"entry"}, id="the last one dropped"),
        pytest.param(queue_receipt(11, 12), swap, {"log"}, id="a change before one behind the cohort"),
        pytest.param(LATER, lambda lines: lines[2].update(receivedAt="x"), {"entry", "log"}, id="a line unreadable"),
        pytest.param(LATER | {"leaf": "00" * 32}, lambda _: None, {"receipt", "entry"}, id="another leaf"),
        pytest.param(LATER | {"path": LATER["path"][:-1]}, lambda _: None, {"receipt"}, id="a cut path"),
        pytest.param(
            LATER | {"path": ["00" * 32, *LATER["path"][1:]]}, lambda _: None, {"receipt"}, id="a changed path"
        ),
        pytest.param(signed(LATER, other_key()), lambda _: None, {"signature"}, id="another key"),
        pytest.param(MINE, lambda _: None, {"queue"}, id="of another distribution"),
    ],
)
def test_what_was_done_to_a_line_is_found(tmp_path: Path, receipt: Json, change: Change, failing: set[str]) -> None:
    said = of_queue(tmp_path, receipt, change=change)
    assert {check for check, verdict in said.items() if verdict == "fails"} == failing


def test_the_entries_of_a_line_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    written(tmp_path, "elsewhere.txt", ENTRIES)
    result = verified(tmp_path, json.dumps(DOCUMENT), LATER, KEY_SET, "--entries", str(tmp_path / "elsewhere.txt"))
    assert (result.exit_code, "The receipt holds." in result.output) == (0, True)


def test_before_the_opening_it_is_open_whether_the_entry_stands_there(tmp_path: Path) -> None:
    hidden = {"serverSeed": None, "seed": None, "treeHead": None, "count": None, "permutation": None}
    result = verified(tmp_path, [DOCUMENT | hidden, *ENTRIES], LATER, KEY_SET)
    assert (result.exit_code, "not published yet" in result.output) == (1, True)


@pytest.mark.parametrize(
    "receipt",
    [
        "{", "[]", "{}", "7", b"\xff\xfe", "[" * 100_000, MINE | {"signedTreeHead": "x"}, MINE | {"index": 1.5},
        MINE | {"signedTreeHead": "e30.e30.e30"}, MINE | {"path": ["00"] * 65}, MINE | {"enteredAt": "today"},
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_refused_in_words(tmp_path: Path, receipt: Any) -> None:
    result = of_draw(tmp_path, receipt)
    assert (result.exit_code, "is no receipt" in result.output) == (2, True)
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "keys",
    [
        "{", "[]", "{}", "null", b"\xff", "[" * 100_000, {"keys": 1}, {"keys": []}, {"keys": [7, None]},
        {"keys": [OWN_JWK | {"x": "AA"}]}, {"keys": [OWN_JWK | {"x": 5}]}, {"keys": [{"kty": "OKP", "crv": "Ed25519"}]},
        {"keys": [{"kty": "oct", "k": "AAAA", "kid": OWN.kid}]},
    ],
)  # fmt: skip
def test_what_is_no_key_set_is_refused_in_words(tmp_path: Path, keys: Any) -> None:
    result = of_draw(tmp_path, keys=keys)
    assert (result.exit_code, "is no key set" in result.output) == (2, True)
    assert isinstance(result.exception, SystemExit)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    proof, mine = written(tmp_path, "proof.ndjson", DRAW.lines()), written(tmp_path, "receipt.json", MINE)
    for words in (["--receipt", "none.json"], ["--receipt", str(mine), "--keys", "none.json"]):
        result = CliRunner().invoke(app, ["verify", str(proof), *words])
        assert (result.exit_code, "none.json cannot be read" in result.output) == (2, True)
