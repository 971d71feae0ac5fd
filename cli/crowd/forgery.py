"""Tokens that must not open anything: made from a genuine one and the published key set, as a cheat would."""

from __future__ import annotations

import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey

LONG_AGO = 1_000_000_000
"""A moment in 2001, in seconds since 1970: any token that ended then has expired."""

Parts = tuple[dict[str, Any], dict[str, Any]]


def forged_tokens(genuine: str, published: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(what it is, token) of every forgery of a genuine token; `published` is the key set as JSON."""
    yield "gibberish", "gibberish"
    yield "no signature", genuine.rpartition(".")[0] + "."
    yield "a letter changed", _altered(genuine)
    header, claims = _parts(genuine)
    stranger = OKPKey.generate_key("Ed25519", private=True)
    yield "signed by a stranger", _signed(header, claims, stranger)
    yield "expired", _signed(header, {**claims, "iat": LONG_AGO, "exp": LONG_AGO + 3600}, stranger)
    yield "for somebody else", _signed(header, {**claims, "sub": "00000000-0000-7000-8000-000000000000"}, stranger)
    yield "algorithm none", _unsigned({**header, "alg": "none"}, claims)
    for name, secret in _public_as_secret(header, published):
        yield f"HS256 with the public key {name}", _signed({**header, "alg": "HS256"}, claims, secret)


def _parts(token: str) -> Parts:
    header, claims, _signature = token.split(".")
    return orjson.loads(_decoded(header)), orjson.loads(_decoded(claims))


def _altered(token: str) -> str:
    """Another letter in the middle of the signature, where each of its bits counts."""
    start, dot, signature = token.rpartition(".")
    middle = len(signature) // 2
    letter = "A" if signature[middle] != "A" else "B"
    return f"{start}{dot}{signature[:middle]}{letter}{signature[middle + 1 :]}"


def _signed(header: dict[str, Any], claims: dict[str, Any], key: OKPKey | OctKey) -> str:
    with warnings.catch_warnings():
        # Because the library warns of the very algorithm names that a forgery has to use.
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode(dict(header), dict(claims), key, algorithms=["EdDSA", "HS256", "Ed25519"])


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_encoded(orjson.dumps(header))}.{_encoded(orjson.dumps(claims))}."


def _public_as_secret(header: Mapping[str, Any], published: Mapping[str, Any]) -> Iterator[tuple[str, OctKey]]:
    """The forms of the public key that a verifier may mistake for a shared secret."""
    for key in published.get("keys", []):
        if key.get("kid") == header.get("kid"):
            yield "as bytes", OctKey.import_key(_decoded(key["x"]))
            yield "as JSON", OctKey.import_key(orjson.dumps(key))
            yield "as text", OctKey.import_key(key["x"].encode())


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
