"""Forged tokens look like tokens, and an honest verifier takes none of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from cli.crowd.forgery import forged_tokens
from cli.crowd.shop import OfflineCheck, key_set
from tests.cli.crowd.scripted_signer import Signer, unb64


def forgeries(signer: Signer) -> dict[str, str]:
    genuine = signer.token("at+jwt", sub="me", exp=4_000_000_000)
    return dict(forged_tokens(genuine, {"keys": [signer.jwk]}))


def headers(tokens: Iterator[str]) -> list[dict[str, Any]]:
    return [orjson.loads(unb64(token.split(".")[0])) for token in tokens if token.count(".") == 2]


def test_no_forgery_is_taken_for_genuine() -> None:
    signer = Signer()
    taken = [name for name, token in forgeries(signer).items() if signer.claims("at+jwt", token) is not None]
    assert taken == []


def test_the_known_tricks_are_among_them() -> None:
    algorithms = {header["alg"] for header in headers(iter(forgeries(Signer()).values()))}
    assert algorithms == {"EdDSA", "none", "HS256"}
    assert len(forgeries(Signer())) == 10


def test_without_a_published_key_the_other_forgeries_remain() -> None:
    genuine = Signer().token("at+jwt", sub="me")
    assert len(list(forged_tokens(genuine, {}))) == 7


def test_a_genuine_grant_verifies_offline_and_others_do_not() -> None:
    signer = Signer()
    offline = OfflineCheck(key_set({"keys": [signer.jwk]}))
    genuine = signer.token("admission+jwt", distributionId="q")
    offline.look_at(genuine, "q")
    assert (offline.checked, offline.failures) == (1, 0)
    for bad in (signer.token("at+jwt", distributionId="q"), Signer().token("admission+jwt", distributionId="q"), "x"):
        offline.look_at(bad, "q")
    offline.look_at(genuine, "elsewhere")
    assert (offline.checked, offline.failures) == (5, 4)


def test_only_so_many_grants_are_checked_offline() -> None:
    signer = Signer()
    offline = OfflineCheck(key_set({"keys": [signer.jwk]}), most=1)
    for _ in range(3):
        offline.look_at(signer.token("admission+jwt", distributionId="q"), "q")
    assert offline.checked == 1


def test_an_empty_key_set_is_none() -> None:
    assert key_set({}) is None
