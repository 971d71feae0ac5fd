"""`drumroll verify` as it is typed: 0 when the order holds, 1 when it does not, 2 when there is nothing to judge."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.support.proofs import honest_proof

Lines = list[dict[str, Any]]


def verified(*words: str | Path) -> Result:
    """What came of `drumroll verify ...`."""
    return CliRunner().invoke(app, ["verify", *map(str, words)])


def ndjson(lines: Lines) -> bytes:
    """The bytes of an entries file."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def files(folder: Path, document: dict[str, Any], lines: Lines, entries: str = "proof.ndjson") -> Path:
    """A published proof on disk."""
    proof = folder / "proof.json"
    proof.write_text(json.dumps(document, indent=2))
    (folder / entries).write_bytes(gzip.compress(ndjson(lines)) if entries.endswith(".gz") else ndjson(lines))
    return proof


@pytest.mark.parametrize("entries", ["proof.ndjson", "proof.ndjson.gz", "entries.ndjson"])
def test_an_honest_proof_holds_with_its_entries_next_to_it(tmp_path: Path, entries: str) -> None:
    result = verified(files(tmp_path, *honest_proof(), entries=entries))
    assert result.exit_code == 0
    assert "The order is the one that was committed to." in result.output


def test_document_and_entries_may_be_one_file(tmp_path: Path) -> None:
    document, lines = honest_proof()
    inside, after = tmp_path / "inside.json", tmp_path / "after.ndjson"
    inside.write_text(json.dumps(document | {"entries": lines}))
    after.write_bytes(json.dumps(document).encode() + b"\n" + ndjson(lines))
    assert [verified(inside).exit_code, verified(after).exit_code] == [0, 0]


def test_entries_may_be_named(tmp_path: Path) -> None:
    proof = files(tmp_path, *honest_proof(), entries="elsewhere.txt")
    assert verified(proof, "--entries", tmp_path / "elsewhere.txt").exit_code == 0


def test_a_swapped_rank_does_not_hold_and_the_ticket_is_named(tmp_path: Path) -> None:
    document, lines = honest_proof()
    lines[3]["rank"], lines[8]["rank"] = lines[8]["rank"], lines[3]["rank"]
    result = verified(files(tmp_path, document, lines))
    assert result.exit_code == 1
    assert "Ticket 3" in result.output
    assert "NOT proved" in result.output


def test_an_entry_that_is_no_object_does_not_hold(tmp_path: Path) -> None:
    document, lines = honest_proof()
    proof = files(tmp_path, document, lines)
    (tmp_path / "proof.ndjson").write_bytes(ndjson(lines[:5]) + b"17\n" + ndjson(lines[6:]))
    result = verified(proof)
    assert result.exit_code == 1
    assert "Line 6 of the entries cannot be read" in result.output


@pytest.mark.parametrize("line", [b"[" * 100_000, b"1" * 10_000, b'{"ticket":7,"ticket":5,'])
def test_a_line_that_python_cannot_take_or_that_says_something_twice_does_not_hold(tmp_path: Path, line: bytes) -> None:
    document, lines = honest_proof()
    proof = files(tmp_path, document, lines)
    honest = (tmp_path / "proof.ndjson").read_bytes().splitlines()
    honest[5] = honest[5].replace(b"{", line, 1) if line.startswith(b"{") else line
    (tmp_path / "proof.ndjson").write_bytes(b"\n".join(honest) + b"\n")
    result = verified(proof)
    assert (result.exit_code, "Line 6 of the entries cannot be read" in result.output) == (1, True)
    assert isinstance(result.exception, SystemExit)


def test_a_document_that_says_something_twice_cannot_be_read(tmp_path: Path) -> None:
    proof = files(tmp_path, *honest_proof())
    proof.write_text(proof.read_text().replace("{", '{"rules": {}, ', 1))
    result = verified(proof)
    assert (result.exit_code, "stands there twice" in result.output) == (2, True)


def test_a_proof_before_the_opening_is_not_proved_yet(tmp_path: Path) -> None:
    document, _ = honest_proof()
    hidden = {"serverSeed": None, "seed": None, "treeHead": None, "count": None, "permutation": None}
    result = verified(files(tmp_path, document | hidden, []))
    assert result.exit_code == 1
    assert "not proved yet" in result.output


@pytest.mark.parametrize(
    ("content", "said"), [(b"{", "is no proof"), (b"[1]", "JSON object"), (gzip.compress(b"{}")[:9], "cannot be read")]
)
def test_what_is_no_proof_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    proof = tmp_path / "proof.json"
    proof.write_bytes(content)
    result = verified(proof)
    assert result.exit_code == 2
    assert said in result.output


def test_missing_files_are_named_with_a_remedy(tmp_path: Path) -> None:
    assert "No such file" in verified(tmp_path / "proof.json").output
    proof = files(tmp_path, *honest_proof())
    (tmp_path / "proof.ndjson").unlink()
    result = verified(proof)
    assert result.exit_code == 2
    assert "--entries" in result.output


def test_findings_can_be_had_as_json(tmp_path: Path) -> None:
    document, lines = honest_proof()
    lines[3]["rank"] = 4_000
    told = json.loads(verified(files(tmp_path, document, lines), "--json").output)
    assert told["holds"] is False
    assert [one["ticket"] for one in told["findings"] if one["verdict"] == "fails"] == [3]


def test_a_proof_is_read_from_an_address_with_a_key() -> None:
    document, lines = honest_proof()
    base = "/admin/api/v1/queues/q/proof"
    named = f"http://admin.not-resolvable.invalid/api/v1{base.partition('/api/v1')[2]}/entries"
    pages = {
        base: json.dumps(document | {"entriesUrl": named}).encode(),
        f"{base}/entries": gzip.compress(ndjson(lines)),
    }
    with publishing(pages, "Bearer dr_sk_test_x") as url:
        assert verified(url + base, "--key", "dr_sk_test_x").exit_code == 0
        refused = verified(url + base)
        assert refused.exit_code == 2
        assert "--key" in refused.output


@contextmanager
def publishing(pages: dict[str, bytes], authorization: str) -> Iterator[str]:
    """A server that shows these pages to whoever has the key."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == authorization
            body = pages.get(self.path, b"") if allowed else b""
            self.send_response(200 if body else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
