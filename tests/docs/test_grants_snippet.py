"""The lines of docs/grants.md, as they stand there, against a key set on loopback."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import orjson
import pytest

from runtime.keys import NewKey, SigningKey, new_key, open_key

GRANTS = Path(__file__).parents[2] / "docs" / "grants.md"
KEK = bytes(range(32))
ISSUER = "https://consumer.example.com"
ORGANIZATION, QUEUE = "019a4aff-0000-7000-8000-000000000001", "019a4aff-0000-7000-8000-000000000002"
NOW = int(time.time())
CLAIMS = {
    "iss": ISSUER, "aud": ORGANIZATION, "sub": "somebody", "jti": "a grant", "iat": NOW, "nbf": NOW, "exp": NOW + 86_400,
    "mode": "live", "distributionId": QUEUE,
}  # fmt: skip


@dataclass(frozen=True)
class Signatory:
    """A key as workers hold it."""

    made: NewKey
    key: SigningKey

    def grant(self, typ: str = "admission+jwt", **changes: Any) -> str:
        """A signed token: a good grant, but for the changes. A claim that is None is left out."""
        claims = {name: claim for name, claim in (CLAIMS | changes).items() if claim is not None}
        return self.key.sign(typ, claims)


Check = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def signatory() -> Signatory:
    made = new_key(KEK)
    return Signatory(made, open_key(made.kid, made.sealed, KEK))


@pytest.fixture
def keys(signatory: Signatory, monkeypatch: pytest.MonkeyPatch) -> Iterator[jwt.PyJWKClient]:
    """The key set, fetched over HTTP as a shop fetches it."""
    published = orjson.dumps({"keys": [signatory.made.public_jwk]})

    class KeySet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(published)))
            self.end_headers()
            self.wfile.write(published)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), KeySet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield jwt.PyJWKClient(f"http://127.0.0.1:{server.server_port}/.well-known/jwks.json")
        server.shutdown()
        thread.join()


@pytest.fixture
def check(keys: jwt.PyJWKClient) -> Check:
    """The function of the document, asked for this shop's queue."""
    found = re.search(r"^```python\n(.*?)^```", GRANTS.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    written: dict[str, Any] = {}
    exec(compile(found[1], str(GRANTS), "exec"), written)  # noqa: S102 (the project's own words)
    return lambda token: written["who_was_let_in"](token, keys, ISSUER, ORGANIZATION, "live", QUEUE)


def test_a_good_grant_names_whom_it_lets_in(check: Check, signatory: Signatory) -> None:
    assert check(signatory.grant()) == CLAIMS


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "at+jwt"}, {"iss": "https://consumer.elsewhere.example"}, {"aud": "another organization"},
        {"mode": "test"}, {"distributionId": "another queue"}, {"exp": NOW - 61}, {"nbf": NOW + 3600}, {"exp": None},
        {"sub": None}, {"jti": None}, {"distributionId": None},
    ],
)  # fmt: skip
def test_a_grant_that_is_not_for_here_and_now_is_refused(
    check: Check, signatory: Signatory, changes: dict[str, Any]
) -> None:
    with pytest.raises(jwt.PyJWTError):
        check(signatory.grant(**changes))


def test_a_grant_of_an_unlisted_key_is_refused(check: Check) -> None:
    made = new_key(KEK)
    stranger = Signatory(made, open_key(made.kid, made.sealed, KEK))
    with pytest.raises(jwt.PyJWTError):
        check(stranger.grant())


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_does_not_choose_its_own_algorithm(check: Check, signatory: Signatory, algorithm: str) -> None:
    secret = signatory.made.public_jwk["x"].ljust(64, "=") if algorithm == "HS256" else None
    headers = {"typ": "admission+jwt", "kid": signatory.made.kid}
    forged = jwt.encode(CLAIMS, secret, algorithm=algorithm, headers=headers)
    with pytest.raises(jwt.PyJWTError):
        check(forged)


def test_a_changed_claim_breaks_the_signature(check: Check, signatory: Signatory) -> None:
    head, _, signature = signatory.grant().split(".")
    _, other, _ = signatory.grant(quantity=99).split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        check(f"{head}.{other}.{signature}")
