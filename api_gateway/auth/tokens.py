"""Tokens: consumer access tokens and admission grants, signed by workers with Ed25519, checked here (RFC 8725).

A token that was checked is remembered by its digest until it ends, so that the next look at it costs a microsecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Any, Final
from uuid import UUID

import orjson
from joserfc.util import urlsafe_b64decode
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError, CryptoError

from api_gateway.auth.caller import CONSUMER, Caller, Key
from api_gateway.auth.signers import Signer, Signers
from api_gateway.problems import Problem, problem
from api_gateway.recent import Recent
from domain.ids import same_id
from runtime.clock import Clock

ACCESS_TYPE, GRANT_TYPE = "at+jwt", "admission+jwt"
REMEMBERED = 200_000
LONGEST = 4_096
_DIGEST_BYTES: Final = 15
"""Of a token, as a key of a table: one more would take the next larger block of memory, for each of them."""
_ALGORITHMS: Final = ("EdDSA", "Ed25519")
_SEEN = Struct(">16s16s16sQBB")
Claims = Mapping[str, Any]


class Tokens:
    """Checks tokens of this installation. `issuer` is the consumer host's URL."""

    def __init__(self, signers: Signers, clock: Clock, issuer: str) -> None:
        self.signers, self._clock, self._issuer = signers, clock, issuer
        self._seen = Recent[bytes, bytes](REMEMBERED)

    def remembered(self, token: bytes, key: Key) -> Caller | None:
        """The consumer of a token that was checked before, else None. Problem 401: it ended, or is not this key's."""
        known = digest(token)
        seen = self._seen.get(known)
        return None if seen is None else self._caller(known, seen, key)

    def _caller(self, known: bytes, seen: bytes, key: Key) -> Caller:
        consumer, session, organization, ends, live, guest = _SEEN.unpack(seen)
        if ends <= self._clock.now().timestamp():
            self._seen.pop(known)
            raise problem("TOKEN_EXPIRED", "The access token has expired; refresh it.")
        if organization != key.organization_id.bytes or bool(live) != (key.mode == "live"):
            raise problem("INVALID_TOKEN", "The access token belongs to another key.")
        return Caller(key, CONSUMER, UUID(bytes=consumer), UUID(bytes=session), bool(guest))

    def forget(self) -> None:
        """Check every token anew."""
        self._seen.clear()

    def ends(self, token: bytes) -> int | None:
        """When a token that was checked before ends, in unix seconds."""
        seen = self._seen.get(digest(token))
        return None if seen is None else _SEEN.unpack(seen)[3]

    async def consumer(self, token: bytes, key: Key) -> Caller:
        """The consumer of a token, with a publishable key of the same organization and mode. Problem 401 otherwise."""
        known = digest(token)
        seen = self._seen.get(known)
        if seen is None:
            seen = self._checked(await self._verified(token, ACCESS_TYPE, "access"))
            self._seen.put(known, seen)
        return self._caller(known, seen, key)

    async def grant(self, token: str, caller: Caller) -> Claims | None:
        """The claims of a grant of this organization and mode, whatever has become of it; None: it is no such grant.

        Whether it has ended is for the ledger to say: it may still be completed for a while. Problem 503: nobody can tell.
        """
        try:
            claims = await self._verified(token.encode(), GRANT_TYPE, "grant")
        except Problem as refusal:
            if refusal.status >= 500:
                raise
            return None
        fits = claims.get("aud") == str(caller.organization_id) and claims.get("mode") == caller.mode
        return claims if fits and claims.get("iss") == self._issuer else None

    async def _verified(self, token: bytes, typ: str, purpose: str) -> Claims:
        """The claims of a token that a listed key of this purpose has signed as this type."""
        header = _header(token.partition(b".")[0] if len(token) <= LONGEST and token.count(b".") == 2 else b"")
        if header.get("alg") not in _ALGORITHMS or header.get("typ") != typ or not isinstance(header.get("kid"), str):
            raise _invalid()
        signer = await self.signers.find(header["kid"])
        if signer is None or signer.purpose != purpose:
            raise _invalid()
        return _claims(token, signer)

    def _checked(self, claims: Claims) -> bytes:
        """What is kept of an access token's claims."""
        if claims.get("aud") != "consumer" or claims.get("iss") != self._issuer:
            raise _invalid()
        try:
            people = UUID(claims["sub"]).bytes, UUID(claims["sid"]).bytes, same_id(claims["organizationId"]).bytes
            seen = _SEEN.pack(*people, int(claims["exp"]), claims["mode"] == "live", bool(claims.get("isGuest")))
            begins = int(claims.get("nbf", 0))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise _invalid() from None
        if begins > self._clock.now().timestamp():  # because RFC 7519 (4.1.5) wants it judged wherever it stands
            raise _invalid()
        if int(claims["exp"]) <= self._clock.now().timestamp():
            raise problem("TOKEN_EXPIRED", "The access token has expired; refresh it.")
        return seen


def _invalid() -> Problem:
    return problem("INVALID_TOKEN", "The token is not one of ours, or not for this.")


def digest(token: bytes) -> bytes:
    """What stands for a token in tables of this process."""
    return blake2b(token, digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=256)
def _header(part: bytes) -> Mapping[str, Any]:
    """The header of a compact token, before anything of it is believed. All tokens of a key share one."""
    try:
        header = orjson.loads(urlsafe_b64decode(part))
    except ValueError:
        raise _invalid() from None
    if not isinstance(header, dict):
        raise _invalid()
    return header


def _claims(token: bytes, signer: Signer) -> Claims:
    """The claims, once the signature over header and claims holds (RFC 8032).

    The signature is checked with libsodium itself: in a rush every person brings a token of their own, and a check costs
    50 microseconds there, 100 with OpenSSL, 125 with a library for whole tokens around that (measured on an idle core).
    """
    signed, _, signature = token.rpartition(b".")
    try:
        crypto_sign_open(urlsafe_b64decode(signature) + signed, signer.public)
        claims = orjson.loads(urlsafe_b64decode(signed.partition(b".")[2]))
    except (BadSignatureError, CryptoError, ValueError):
        raise _invalid() from None
    if not isinstance(claims, dict):
        raise _invalid()
    return claims
