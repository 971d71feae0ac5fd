"""The audit of the locked packages: a known vulnerability fails it, and a service that is away audits nothing aloud."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support import audit
from tests.support.audit import Excuse, main

HOLE = {
    "id": "GHSA-0000-0000-0001", "aliases": ["CVE-2026-0001"], "summary": "A hole", "modified": "2026-01-01T00:00:00Z",
    "affected": [{
        "package": {"ecosystem": "PyPI", "name": "holey"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
    }],
}  # fmt: skip
HASH = f"--hash=sha256:{'0' * 64}"


class Service(BaseHTTPRequestHandler):
    """Answers as a vulnerability service does: it knows of one package with a hole."""

    def do_POST(self) -> None:
        """A question about one package."""
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = asked["package"]["name"] == "holey"
        body = json.dumps({"vulns": [HOLE]} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """The service, by its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of two packages."""
    path = tmp_path / "requirements.lock"
    path.write_text(f"holey==1.0 {HASH}\nsound==2.0 {HASH}\n")
    return path


def ask(lock: Path, url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status of an audit, and what it says."""
    status = main("-s", "osv", "--osv-url", url, lock=lock)
    return status, "".join(capsys.readouterr())


def test_a_known_vulnerability_fails(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as url:
        status, said = ask(lock, url, capsys)
    assert status == 1
    assert "holey 1.0: GHSA-0000-0000-0001, mended in 1.1" in said or "holey 1.0: CVE-2026-0001, mended in 1.1" in said
    assert "2 packages were audited, 1 have known vulnerabilities." in said


@pytest.mark.parametrize(("until", "status"), [(date.max, 0), (date(2026, 1, 1), 1)])
def test_one_that_is_excused_counts_again_after_its_day(
    lock: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, until: date, status: int
) -> None:
    monkeypatch.setattr(audit, "EXCUSED", {"CVE-2026-0001": Excuse("the hole is not reached", until)})
    with serving() as url:
        assert ask(lock, url, capsys)[0] == status


def test_a_service_that_is_away_audits_nothing_aloud(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = ask(lock, "http://127.0.0.1:1/v1/query", capsys)
    assert status == 0
    assert "NOTHING WAS AUDITED" in said
    assert "packages were audited" not in said


def test_a_service_that_knows_no_package_has_audited_nothing() -> None:
    skipped = [{"name": "holey", "skip_reason": "Dependency not found"}]
    assert "NOTHING WAS AUDITED: Dependency not found" in audit.told(audit.read(skipped))
    some = audit.told(audit.read([*skipped, {"name": "sound", "version": "2.0", "vulns": []}]))
    assert "NOT AUDITED: holey" in some
    assert "1 packages were audited, 0 have" in some


def test_a_lock_that_cannot_be_read_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(lock=tmp_path / "none.lock") == 1
    assert "pip-audit failed" in capsys.readouterr().err


def test_every_excuse_has_a_reason_and_a_day() -> None:
    assert [name for name, excuse in audit.EXCUSED.items() if len(excuse.reason) < 20] == []
