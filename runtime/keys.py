"""Ed25519 keys: made, sealed under the key-encryption key (AES-256-GCM), opened, used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.jwk import OKPKey

_NONCE = 12


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that signs tokens. JOSE `alg` is issued as EdDSA, which every library knows."""

    kid: str
    key: OKPKey

    def sign(self, typ: str, payload: Mapping[str, Any]) -> str:
        """A JSON Web Token (RFC 7519) of this type. Ed25519 is deterministic: the same claims give the same token."""
        header = {"alg": "EdDSA", "typ": typ, "kid": self.kid}
        return jwt.encode(header, dict(payload), self.key, algorithms=["EdDSA"])


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key as it is stored: its id, its public half as a JWK, its private half sealed."""

    kid: str
    public_jwk: dict[str, Any]
    sealed: bytes


def new_key(key_encryption_key: bytes) -> NewKey:
    """Make a key. Its id is the thumbprint of its public half (RFC 7638)."""
    key = OKPKey.generate_key("Ed25519")
    kid = key.thumbprint()
    public = dict(key.as_dict(private=False)) | {"kid": kid, "use": "sig", "alg": "EdDSA"}
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key_encryption_key).encrypt(nonce, key.as_bytes("PEM", private=True), kid.encode())
    return NewKey(kid, public, sealed)


def open_key(kid: str, sealed: bytes, key_encryption_key: bytes) -> SigningKey:
    """Open a sealed key. cryptography.exceptions.InvalidTag when the key-encryption key is another one."""
    private = AESGCM(key_encryption_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], kid.encode())
    return SigningKey(kid, OKPKey.import_key(private))
