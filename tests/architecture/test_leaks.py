"""What looks for secrets in logs and refusals finds them: each sort is planted where it should not be."""

import re
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

MADE = """
import logging, pytest, subprocess, sys, requests, structlog
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from domain.organizations.keys import drawn_key
from domain.organizations.state import KeyKind, Mode
from runtime.keys import new_key, open_key
from runtime.logging import configure
from store.roles import RolePasswords
from tests.support.servers import temporary_state

secret = drawn_key(KeyKind.SECRET, Mode.LIVE, bytes(range(32))).text
public = drawn_key(KeyKind.PUBLISHABLE, Mode.LIVE, bytes(range(32))).text
fresh = new_key(bytes(32))
token = open_key(fresh.kid, fresh.sealed, bytes(32)).sign("at+jwt", {})
private = open_key(fresh.kid, fresh.sealed, bytes(32)).key.as_dict(private=True)["d"]
password = RolePasswords("tests").of("drumroll_gateway")
HIDDEN = "a-gateways-own-secret-7391"
subprocess.run([sys.executable, "-c", ""], env={"GATEWAY_SECRET": HIDDEN, "DATABASE_URL": "postgresql://a:word-of-twenty-letters@b/c"})

def refused(body):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(self.path[1:])); self.end_headers(); self.wfile.write(body.encode())
        def log_message(self, *_): pass
    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.handle_request).start()
    return f"http://127.0.0.1:{server.server_address[1]}", server

@pytest.mark.parametrize("name", DONE)
def test_planted(name, tmp_path):
    exec(DONE[name], globals() | {"tmp_path": tmp_path})

def test_of_the_end():
    url, server = refused(LATE); requests.get(url + "/200", timeout=5); server.server_close()
"""
PLANTED = {
    "a secret key that is printed": "print('key', secret)",
    "a secret key on standard error": "print(f'{secret!r}.', file=sys.stderr)",
    "a token in a line of the log": "logging.getLogger('x').warning('seen %s', token)",
    "a token's signature alone": "print(token.rpartition('.')[2])",
    "a private key": "print({'d': private})",
    "a password of a role": "print(f'postgresql://drumroll_gateway:{password}@127.0.0.1/x')",
    "a private setting of a process": "print('GATEWAY_SECRET=' + HIDDEN)",
    "a password in a URL of a process": "print('word-of-twenty-letters')",
    "a file of the test": "(tmp_path / 'web.log').write_text(secret)",
    "the log of an installation": "with temporary_state() as state: (state / 'web.log').write_text(secret)",
    "the product's own log": "configure(); structlog.get_logger().info('seen', told=password)",
    "the body of a refusal": "url, server = refused(secret); requests.get(url + '/401', timeout=5); server.server_close()",
}  # fmt: skip
HARMLESS = {
    "a publishable key": "print(public)",
    "the beginning and the end of a secret key": "print(secret[:11], secret[-4:])",
    "an id": "print('01a201cf-dfaa-7d8e-b883-69c60045632f', fresh.kid)",
    "an answer that grants": "url, server = refused(secret); requests.get(url + '/201', timeout=5); server.server_close()",
    "a file that is no log": "(tmp_path / 'keys.json').write_text(secret)",
}  # fmt: skip


LATE = "rt_" + "b" * 40
"""Printed before anything makes it a secret."""


@pytest.fixture(scope="module", params=["0", "2"])
def told(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    """What a suite says that does all of this, each in a test of its own, in one process and in two more."""
    folder = tmp_path_factory.mktemp("planted")
    done = PLANTED | HARMLESS | {"what is learnt to be a secret only afterwards": f"print({LATE!r})"}
    (folder / "test_planted.py").write_text(f"LATE, DONE = {LATE!r}, {done!r}\n{MADE}")
    words = [
        "-m", "pytest", "-q", "-rA", "-p", "tests.support.leaks", "-p", "no:cacheprovider", "--rootdir", str(folder),
        "-n", request.param, "--dist", "loadfile",
    ]  # fmt: skip
    ran = subprocess.run([sys.executable, *words, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("where", PLANTED)
def test_a_secret_that_is_told_fails_the_test_that_tells_it(told: str, where: str) -> None:
    assert re.search(rf"^(FAILED|ERROR) .*test_planted\[{re.escape(where)}\]", told, re.MULTILINE), told


@pytest.mark.parametrize("what", HARMLESS)
def test_what_is_no_secret_may_be_told(told: str, what: str) -> None:
    assert f"test_planted[{what}]" in told
    assert not re.search(rf"^(FAILED|ERROR) .*test_planted\[{re.escape(what)}\]", told, re.MULTILINE), told


def test_what_turns_out_to_be_a_secret_afterwards_fails_the_session(told: str) -> None:
    assert re.search(r"afterwards\] \(call, stdout\) tells rt_b+…", told), told
    assert "looked for in" in told
