"""`drumroll verify` on the proof file of a draw: 0 when it holds, 1 when it does not, 2 when it cannot be read."""

import gzip
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.published import keep
from domain.fairness.quicknet import CHAIN_HASH
from tests.cli.test_verify import publishing
from tests.support.beaconed import ROUND
from tests.support.draw_proofs import Lines, PlayedDraw, played_draw
from tests.support.mischief_table import given_up_before_the_freeze, voided_before_the_draw
from tests.support.rounds import ROUNDS, signature

DRAW = played_draw()
SIGNED = {"round": ROUND, "randomness": sha256(signature(ROUND)).hexdigest(), "signature": ROUNDS[ROUND]}
"""A real round of the beacon, which draws of tests fix in time."""


def verified(*words: str | Path) -> Result:
    """What came of `drumroll verify ...`."""
    return CliRunner().invoke(app, ["verify", *map(str, words)])


def ndjson(lines: Lines) -> bytes:
    """The bytes of a proof file."""
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def written(folder: Path, content: bytes) -> Path:
    """A proof file on disk."""
    proof = folder / "proof.jsonl"
    proof.write_bytes(content)
    return proof


@pytest.mark.parametrize("packed", [False, True])
def test_an_honest_draw_holds_and_is_told(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001 (two cases of one test)
    content = ndjson(DRAW.lines())
    result = verified(written(tmp_path, gzip.compress(content) if packed else content))
    assert result.exit_code == 0
    assert "The draw is the one that was committed to." in result.output
    assert "The draw gave 6 places to 4 entries" in result.output


def test_a_beacon_is_checked_by_its_own_signature(tmp_path: Path) -> None:
    lines = played_draw(beacon=SIGNED, rules_beacon={"chainHash": CHAIN_HASH}).lines()
    result = verified(written(tmp_path, ndjson(lines)))
    assert result.exit_code == 0
    assert f"Round {ROUND} of the beacon is signed by it" in result.output
    other = {"signature": ROUNDS[42], "randomness": sha256(signature(42)).hexdigest()}
    forged = played_draw(beacon=SIGNED | other, rules_beacon={"chainHash": CHAIN_HASH}).lines()
    result = verified(written(tmp_path, ndjson(forged)))
    assert (result.exit_code, f"did NOT sign round {ROUND} so" in result.output) == (1, True)


def test_a_beacon_of_which_nothing_is_known_here_stays_open(tmp_path: Path) -> None:
    lines = played_draw(beacon=SIGNED, rules_beacon={"chainHash": "52" * 32}).lines()
    result = verified(written(tmp_path, ndjson(lines)))
    assert (result.exit_code, "cannot be checked here" in result.output) == (1, True)


def test_a_changed_weight_does_not_hold_and_its_leaf_is_named(tmp_path: Path) -> None:
    lines = DRAW.lines()
    lines[6]["tickets"] += 1
    proof = written(tmp_path, ndjson(lines))
    result = verified(proof)
    assert result.exit_code == 1
    assert "Leaf 6 is wrong" in result.output
    assert "The draw is NOT proved" in result.output
    told = json.loads(verified(proof, "--json").output)
    assert told["holds"] is False
    assert {one["check"]: one.get("leaf") for one in told["findings"] if one["verdict"] == "fails"}["leaves"] == 6
    assert told["statement"]["entries"] == 32


def test_a_draw_that_is_not_drawn_is_not_proved_yet(tmp_path: Path) -> None:
    draw = PlayedDraw()
    draw.enter()
    draw.seal()
    result = verified(written(tmp_path, ndjson(draw.lines())))
    assert result.exit_code == 1
    assert "The draw is not proved yet" in result.output


def test_a_draw_that_was_given_up_is_told_to_be_void(tmp_path: Path) -> None:
    for lines in (voided_before_the_draw(), given_up_before_the_freeze()):
        result = verified(written(tmp_path, ndjson(lines)))
        assert result.exit_code == 1
        assert "The draw is void: nobody wins." in result.output
        assert "The draw is void, and nothing that is published contradicts it." in result.output


def test_a_document_without_its_algorithm_or_its_order_is_no_proof(tmp_path: Path) -> None:
    for name in ("algorithm", "order"):
        lines = DRAW.lines()
        del lines[0][name]
        result = verified(written(tmp_path, ndjson(lines)))
        assert (result.exit_code, f"{name}: Field required" in result.output) == (2, True)


HONEST = ndjson(DRAW.lines())
BROKEN = [
    (HONEST[: len(HONEST) // 2], "does not end"),
    (HONEST[: HONEST.index(b"\n") + 1], "line 2 is missing"),
    (HONEST[: HONEST.rindex(b'{"end"')], "line 64 is missing"),
    (HONEST[:-1], "line 64 does not end"),
    (HONEST.replace(b'"leaf":"enter"', b'"leaf":"ent\x80r"', 1), "line 2 is no JSON"),
    (HONEST.replace(b'"leaf":"enter"', b'"leaf":"enter","leaf":"enter"', 1), "stands there twice"),
    (HONEST.replace(b'"leaf":"enter"', b'"leaf":' + b"[" * 100_000, 1), "line 2 is no JSON"),
    (HONEST.replace(b'"people":', b'"People":', 1), "line 2 is no leaf"),
    (HONEST.replace(b"\n", b"\n\n", 1), "line 2 is no JSON"),
    (
        HONEST.replace(b'"preferences":null', b'"preferences":"' + b"x" * 1_100_000 + b'"', 1),
        "line 2 is no line of a proof",
    ),
    (gzip.compress(HONEST + b" " * 2_000_000 + b"\n"), "line 65 is no line of a proof"),
    (HONEST.replace(b'{"leaf"', b'{"\\nThe draw holds.\\u001b[2J":1,"leaf"', 1), "line 2 is no leaf"),
    (HONEST.decode().encode("utf-32-be"), "is no proof"),
    (gzip.compress(HONEST)[:2_000], "cannot be read"),
    (gzip.compress(HONEST)[:500] + b"\x00\x01\x02" + gzip.compress(HONEST)[503:], "cannot be read"),
]


@pytest.mark.parametrize(("content", "said"), BROKEN, ids=range(len(BROKEN)))
def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    result = verified(written(tmp_path, content))
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert isinstance(result.exception, SystemExit)


def test_the_document_alone_is_not_enough_and_says_where_the_file_is(tmp_path: Path) -> None:
    alone = tmp_path / "proof.json"
    alone.write_text(json.dumps(DRAW.document() | {"fileUrl": "http://drums.invalid/file"}, indent=2))
    result = verified(alone)
    assert result.exit_code == 2
    assert "http://drums.invalid/file" in result.output


def test_the_file_is_fetched_from_where_the_document_says() -> None:
    base = "/consumer/api/v1/draws/d/proof"
    named = "http://drums.not-resolvable.invalid/api/v1/draws/d/proof/file"
    pages = {base: json.dumps(DRAW.document() | {"fileUrl": named}).encode(), f"{base}/file": gzip.compress(HONEST)}
    with publishing(pages, "Bearer dr_sk_test_x") as url:
        assert verified(url + base, "--key", "dr_sk_test_x").exit_code == 0
        assert verified(f"{url}{base}/file", "--key", "dr_sk_test_x").exit_code == 0


def test_a_draw_that_is_kept_is_one_file_that_holds(tmp_path: Path) -> None:
    with publishing({"/proof/file": HONEST}, "Bearer dr_sk_test_x") as url:
        copy = keep(f"{url}/proof/file", "dr_sk_test_x", tmp_path, "lottery")
    assert copy.name == "lottery.ndjson"
    assert verified(copy).exit_code == 0


def test_an_address_is_asked_once_because_it_could_answer_otherwise_to_a_receipt() -> None:
    lines = DRAW.lines()
    del lines[11]
    answers = iter([ndjson(lines), HONEST])
    with publishing(Turns(answers), "Bearer dr_sk_test_x") as url, TemporaryDirectory() as folder:
        receipt = kept(Path(folder), DRAW.receipt(10, 20))
        result = verified(f"{url}/proof/file", "--key", "dr_sk_test_x", "--receipt", receipt)
    assert result.exit_code == 1
    assert "The entry is NOT in the file" in result.output
    assert next(answers) == HONEST


def test_a_key_is_not_told_to_another_address() -> None:
    with publishing({"/file": HONEST}, "Bearer dr_sk_test_x") as elsewhere:
        document = json.dumps(DRAW.document() | {"fileUrl": f"{elsewhere}/file"}).encode()
        with publishing({"/proof": document}, "Bearer dr_sk_test_x") as url:
            result = verified(f"{url}/proof", "--key", "dr_sk_test_x")
    assert (result.exit_code, "answered 401" in result.output) == (2, True)


@pytest.mark.parametrize("place", ["\0", "http://[::1", "http://127.0.0.1:1/ x"])
def test_what_is_no_place_is_said_in_words(place: str) -> None:
    result = verified(place)
    assert (result.exit_code, "cannot be read" in result.output) == (2, True)


def test_an_output_that_does_not_know_our_marks_changes_no_verdict(tmp_path: Path) -> None:
    runner = CliRunner(charset="ascii")
    assert runner.invoke(app, ["verify", str(written(tmp_path, HONEST))]).exit_code == 0


class Turns(dict[str, bytes]):
    """A page that shows something else each time it is asked for."""

    def __init__(self, answers: Iterator[bytes]) -> None:
        super().__init__()
        self._answers = answers

    def get(self, _path: str, _default: object = None) -> Any:
        """The next answer."""
        return next(self._answers)


def kept(folder: Path, receipt: Any) -> Path:
    """A receipt on disk."""
    path = folder / "receipt.json"
    path.write_text(receipt if isinstance(receipt, str) else json.dumps(receipt))
    return path
