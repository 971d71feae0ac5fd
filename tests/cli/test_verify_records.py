"""`drumroll verify` on the log of all draws, alone and beside the proof file of a draw."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cli.published import keep
from tests.cli.test_verify import publishing
from tests.cli.test_verify_draws import ndjson, verified, written
from tests.support.draw_proofs import DRAW
from tests.support.draw_records import MORE, SPOILED, C, rechained, record_of, whole_draw

PLAYED = whole_draw()
FILE, RECORD = PLAYED.lines(), record_of(PLAYED)


def logged(folder: Path, record: Any = RECORD) -> Path:
    """The log of all draws on disk."""
    log = folder / "draws.jsonl"
    log.write_bytes(ndjson(record) if isinstance(record, list) else record)
    return log


@pytest.mark.parametrize("packed", [False, True])
def test_an_honest_log_holds_and_tells_of_its_draws(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001 (two cases of one test)
    content = ndjson(RECORD)
    result = verified(logged(tmp_path, gzip.compress(content) if packed else content))
    assert result.exit_code == 0
    assert "The 10 lines are one unbroken chain" in result.output
    assert f"Draw {SPOILED} was repeated by {DRAW}." in result.output
    assert f"Draw {MORE} is frozen and not drawn." in result.output
    assert "there is no gap in it and no second run that it does not tell of" in result.output


def test_a_line_that_was_dropped_is_named(tmp_path: Path) -> None:
    log = logged(tmp_path, [*RECORD[:6], *RECORD[7:]])
    result = verified(log)
    assert (result.exit_code, "Line 5 is wrong" in result.output, "NOT whole" in result.output) == (1, True, True)
    told = json.loads(verified(log, "--json").output)
    assert (told["holds"], told["statement"]["draws"]) == (False, 3)
    assert {one["check"]: one.get("line") for one in told["findings"] if one["verdict"] == "fails"}["chain"] == 5


def test_a_draw_that_stands_in_the_log_holds(tmp_path: Path) -> None:
    proof, log = written(tmp_path, ndjson(FILE)), logged(tmp_path)
    result = verified(proof, "--log", log)
    assert result.exit_code == 0
    assert "The draw stands in the log." in result.output
    assert "The draw is the one that was committed to." in result.output
    told = json.loads(verified(proof, "--log", log, "--json").output)
    assert told["log"][-1] == {
        "check": "repeated", "verdict": "holds", "text": f"No other draw says to repeat this one. It repeats {SPOILED}.",
    }  # fmt: skip


def test_a_draw_that_was_logged_otherwise_does_not_hold(tmp_path: Path) -> None:
    record = json.loads(json.dumps(RECORD))
    next(line for line in record[1:-1] if line["line"]["type"] == "DRAWN")["line"]["seed"] = C
    result = verified(written(tmp_path, ndjson(FILE)), "--log", logged(tmp_path, rechained(record)))
    assert (
        result.exit_code,
        "What the file says of the seed, or its time, is NOT what the log tells." in result.output,
    ) == (1, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no proof"),
        (b"\xff\n", "is no proof"),
        (ndjson(RECORD)[:-1], "line 12 does not end"),
        (ndjson(RECORD)[:900], "does not end"),
        (ndjson(RECORD[:-1]), "line 12 is missing"),
        (ndjson([RECORD[0], {"line": []}]), "line 2 is no line of a log"),
        (ndjson([RECORD[0]]) + b'{"line": {"n": 0, "n": 0}}\n', "a member stands there twice"),
        (ndjson([RECORD[0]]) + b"[" * 100_000 + b"\n", "line 2 is no JSON"),
        (ndjson([{**RECORD[0], "fileUrl": "/draws/log/file"}]), "is the document alone"),
        (gzip.compress(ndjson(RECORD))[:-20], "cannot be read"),
    ],
)
def test_a_log_that_cannot_be_read_says_where_and_why(tmp_path: Path, content: bytes, words: str) -> None:
    log = logged(tmp_path, content)
    proof = written(tmp_path, ndjson(FILE))
    for result in (verified(log), verified(proof, "--log", log)):
        assert (result.exit_code, words in result.output, "Traceback" in result.output) == (2, True, False), (
            result.output
        )


def test_each_file_has_its_place(tmp_path: Path) -> None:
    proof, log = written(tmp_path, ndjson(FILE)), logged(tmp_path)
    assert "is no log of draws" in verified(proof, "--log", proof).output
    assert "only a draw stands in the log" in verified(log, "--log", log).output
    assert verified(log, "--log", log).exit_code == 2


def test_a_log_is_found_at_its_address(tmp_path: Path) -> None:
    base = "/consumer/api/v1/draws/log"
    document = json.dumps({**RECORD[0], "fileUrl": f"http://consumer.example{base}/file", "_links": {}}).encode()
    with publishing({base: document, f"{base}/file": ndjson(RECORD)}, "Bearer dr_sk_test_x") as url:
        assert verified(url + base, "--key", "dr_sk_test_x").exit_code == 0
        proof = written(tmp_path, ndjson(FILE))
        assert verified(proof, "--log", url + base, "--key", "dr_sk_test_x").exit_code == 0
        copy = keep(url + base, "dr_sk_test_x", tmp_path, "draws")
    assert verified(copy).exit_code == 0
