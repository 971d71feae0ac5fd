"""Tokens and keys: who is recognized, who is not, and what it costs to remember them."""

import base64
import gc
import hashlib
import hmac
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from psycopg_pool import AsyncConnectionPool

from api_gateway.auth import Caller, Key, Signers, Tokens, digest
from api_gateway.auth.signers import Signer, signer_of
from api_gateway.problems import Problem
from runtime.clock import Clock
from runtime.keys import new_key, open_key

KEK = bytes(32)
ISSUER = "https://consumer.example"
ORGANIZATION = uuid4()


class Listed(Signers):
    """Signers that are known without a store."""

    def __init__(self, *signers: Signer) -> None:
        self._listed = {str(signer.jwk["kid"]): signer for signer in signers}

    async def find(self, kid: str) -> Signer | None:
        """Nothing is looked up."""
        return self._listed.get(kid)


def make_signer(purpose: str) -> tuple[Signer, Any]:
    fresh = new_key(KEK)
    return signer_of(purpose, fresh.public_jwk), open_key(fresh.kid, fresh.sealed, KEK)


ACCESS, ACCESS_KEY = make_signer("access")
GRANT, GRANT_KEY = make_signer("grant")
STRANGER, STRANGER_KEY = make_signer("access")


def make_key(organization: UUID = ORGANIZATION, mode: str = "live") -> Key:
    return Key(uuid4(), organization, mode, "hall", "ACTIVE", {}, uuid4(), "publishable", frozenset(), "ACTIVE", None)


def claims(**changes: Any) -> dict[str, Any]:
    made = {
        "iss": ISSUER, "aud": "consumer", "sub": str(uuid4()), "sid": str(uuid4()), "mode": "live", "isGuest": True,
        "organizationId": str(ORGANIZATION), "iat": int(time.time()), "exp": int(time.time()) + 3600,
    } | changes  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def access_token(typ: str = "at+jwt", **changes: Any) -> str:
    return ACCESS_KEY.sign(typ, claims(**changes))


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(Listed(ACCESS, GRANT), Clock(), ISSUER)


async def test_a_token_of_ours_is_a_consumer(tokens: Tokens) -> None:
    told, key = claims(), make_key()
    caller = await tokens.consumer(ACCESS_KEY.sign("at+jwt", told).encode(), key)
    assert (str(caller.consumer_id), str(caller.session_id), caller.is_guest) == (told["sub"], told["sid"], True)
    assert (caller.kind, caller.tenant_id) == ("consumer", key.tenant_id)


async def test_a_token_that_was_seen_is_remembered(tokens: Tokens) -> None:
    key, token = make_key(), access_token().encode()
    assert tokens.remembered(token, key) is None
    first = await tokens.consumer(token, key)
    again = tokens.remembered(token, key)
    assert again is not None
    assert (again.consumer_id, again.session_id) == (first.consumer_id, first.session_id)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def none_algorithm() -> str:
    return f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': ACCESS.jwk['kid']})}.{_part(claims())}."


def confused() -> str:
    head = _part({"alg": "HS256", "typ": "at+jwt", "kid": ACCESS.jwk["kid"]})
    signed = f"{head}.{_part(claims())}"
    public = json.dumps(dict(ACCESS.jwk)).encode()
    mac = hmac.digest(public, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def with_own_key() -> str:
    own = OKPKey.generate_key("Ed25519")
    head = {"alg": "EdDSA", "typ": "at+jwt", "kid": ACCESS.jwk["kid"], "jwk": own.as_dict(private=False)}
    return jwt.encode(head, claims(), own, algorithms=["EdDSA"])


def of_a_stranger() -> str:
    return str(STRANGER_KEY.sign("at+jwt", claims()))


def tampered() -> str:
    head, _, signature = access_token().split(".")
    return f"{head}.{_part(claims(sub=str(uuid4())))}.{signature}"


FORGERIES: list[Callable[[], str]] = [
    none_algorithm, confused, with_own_key, of_a_stranger, tampered,
    lambda: access_token(typ="admission+jwt"), lambda: access_token(typ="JWT"), lambda: access_token(aud="shop"),
    lambda: access_token(aud=None), lambda: access_token(iss="https://elsewhere.example"), lambda: access_token(iss=None),
    lambda: access_token(sub="nobody"), lambda: access_token(sid=None), lambda: access_token(exp=None),
    lambda: access_token(exp="soon"), lambda: str(GRANT_KEY.sign("at+jwt", claims())), lambda: "", lambda: "a.b.c",
    lambda: "...", lambda: "x" * 5000, lambda: access_token() + "x", lambda: access_token()[:-3], lambda: "é.é.é",
    lambda: f"{_part([])}.{_part({})}.x", lambda: f"{_part({'alg': 'EdDSA', 'typ': 'at+jwt', 'kid': 7})}.{_part({})}.x",
    lambda: jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims(), OctKey.generate_key(256)),
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES)
async def test_a_forged_token_is_nobody(tokens: Tokens, forge: Callable[[], str]) -> None:
    with pytest.raises(Problem) as wrong:
        await tokens.consumer(forge().encode(), make_key())
    assert (wrong.value.status, wrong.value.code) == (401, "INVALID_TOKEN")


async def test_an_expired_token_says_so(tokens: Tokens) -> None:
    with pytest.raises(Problem) as wrong:
        await tokens.consumer(access_token(exp=int(time.time()) - 1).encode(), make_key())
    assert wrong.value.code == "TOKEN_EXPIRED"


async def test_a_remembered_token_ends_too() -> None:
    clock = Clock()
    tokens, key = Tokens(Listed(ACCESS), clock, ISSUER), make_key()
    token = access_token().encode()
    await tokens.consumer(token, key)
    clock.offset += clock.now() - clock.now().replace(year=clock.now().year - 1)
    with pytest.raises(Problem) as wrong:
        tokens.remembered(token, key)
    assert wrong.value.code == "TOKEN_EXPIRED"


@pytest.mark.parametrize("key", [make_key(organization=uuid4()), make_key(mode="test")])
async def test_a_token_needs_a_key_of_its_organization_and_mode(tokens: Tokens, key: Key) -> None:
    token = access_token().encode()
    await tokens.consumer(token, make_key())
    with pytest.raises(Problem, match="INVALID_TOKEN"):
        tokens.remembered(token, key)
    with pytest.raises(Problem, match="INVALID_TOKEN"):
        await tokens.consumer(token, key)


def grant_token(typ: str = "admission+jwt", **changes: Any) -> str:
    told = claims(aud=str(ORGANIZATION), jti=str(uuid4()), distributionId=str(uuid4()), **changes)
    return str(GRANT_KEY.sign(typ, told))


async def test_a_grant_tells_its_claims_even_when_it_has_ended(tokens: Tokens) -> None:
    caller = Caller(make_key(), "secret")
    for token in (grant_token(), grant_token(exp=int(time.time()) - 60)):
        found = await tokens.grant(token, caller)
        assert found is not None
        assert found["aud"] == str(ORGANIZATION)


async def test_a_grant_is_good_only_where_it_was_given(tokens: Tokens) -> None:
    caller = Caller(make_key(), "secret")
    assert await tokens.grant(grant_token(), Caller(make_key(organization=uuid4()), "secret")) is None
    assert await tokens.grant(grant_token(mode="test"), caller) is None
    assert await tokens.grant(grant_token(iss="https://elsewhere.example"), caller) is None
    assert await tokens.grant(grant_token(typ="at+jwt"), caller) is None
    assert await tokens.grant(access_token(), caller) is None
    assert await tokens.grant(str(ACCESS_KEY.sign("admission+jwt", claims(aud=str(ORGANIZATION)))), caller) is None


async def test_remembering_a_token_takes_at_most_250_bytes(tokens: Tokens) -> None:
    count, packed = 20_000, (await _packed(tokens))
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        tokens._seen.put(number.to_bytes(15, "big"), bytes(bytearray(packed)))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / count <= 250


async def _packed(tokens: Tokens) -> bytes:
    token = access_token().encode()
    await tokens.consumer(token, make_key())
    packed = tokens._seen.get(digest(token))
    assert packed is not None
    return packed


async def test_the_number_of_remembered_tokens_is_bounded(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api_gateway.auth.tokens.REMEMBERED", 4)
    few = Tokens(tokens.signers, tokens._clock, tokens._issuer)
    for _ in range(9):
        await few.consumer(access_token().encode(), make_key())
        assert len(few._seen) <= 4


async def test_while_the_store_is_away_nobody_says_that_a_token_is_not_good() -> None:
    async with AsyncConnectionPool("host=127.0.0.1 port=9", min_size=0, max_size=1, timeout=0.05, open=False) as nobody:
        tokens, key = Tokens(Signers(nobody, Clock()), Clock(), ISSUER), make_key()
        grant = GRANT_KEY.sign("admission+jwt", claims(aud=str(ORGANIZATION), mode="live"))
        for asked in (tokens.consumer(access_token().encode(), key), tokens.grant(grant, Caller(key, "secret"))):
            with pytest.raises(Problem) as refusal:
                await asked
            assert (refusal.value.status, refusal.value.code) == (503, "DEPENDENCY_UNAVAILABLE")
            assert refusal.value.retry_after == 1
