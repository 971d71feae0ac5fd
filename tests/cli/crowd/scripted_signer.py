"""Tokens of a waiting room in memory: just enough of RFC 7515 to sign, and to refuse what is not signed."""

# ruff: noqa: D102 (because a stand-in for a server promises what the API does)

from __future__ import annotations

import base64
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Signer:
    """Compact Ed25519 signatures, and nothing else."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "alg": "EdDSA"}
        self.jwk["x"] = b64(self.key.public_key().public_bytes_raw())

    def token(self, typ: str, **claims: Any) -> str:
        header = b64(orjson.dumps({"alg": "EdDSA", "typ": typ, "kid": "one"}))
        signed = f"{header}.{b64(orjson.dumps(claims))}"
        return f"{signed}.{b64(self.key.sign(signed.encode()))}"

    def claims(self, typ: str, token: str) -> dict[str, Any] | None:
        try:
            header, claims, signature = token.split(".")
            self.key.public_key().verify(unb64(signature), f"{header}.{claims}".encode())
            told = orjson.loads(unb64(header))
        except (ValueError, InvalidSignature):
            return None
        return orjson.loads(unb64(claims)) if (told["alg"], told["typ"]) == ("EdDSA", typ) else None
