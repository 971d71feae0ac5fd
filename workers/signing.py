"""Signing tokens: the private keys are opened in workers and nowhere else."""

from __future__ import annotations

import threading

from sqlalchemy import Engine

from domain.claims import Claims
from runtime.clock import Clock
from runtime.keys import SigningKey, open_key
from store import signing_keys

FRESH_SECONDS = 10.0


class KeyRing:
    """The keys that sign now, one for each purpose, looked up again every ten seconds."""

    def __init__(self, engine: Engine, key_encryption_key: bytes, clock: Clock, issuer: str) -> None:
        self._engine, self._kek, self._clock, self._issuer = engine, key_encryption_key, clock, issuer
        self._keys: dict[str, SigningKey] = {}
        self._looked_at = float("-inf")
        self._lock = threading.Lock()

    def sign(self, claims: Claims) -> str:
        """The signed token. RuntimeError when the store holds no key for this purpose."""
        return self._key(claims.purpose).sign(claims.typ, {"iss": self._issuer, **claims.payload})

    def _key(self, purpose: str) -> SigningKey:
        with self._lock:
            if self._clock.monotonic() - self._looked_at > FRESH_SECONDS:
                self._look()
            if purpose not in self._keys:
                raise RuntimeError(
                    f"There is no signing key for {purpose} tokens: run 'drumroll signing-keys rotate --purpose {purpose}'."
                )
            return self._keys[purpose]

    def _look(self) -> None:
        with self._engine.connect() as connection:
            current = signing_keys.signing(connection)
        known = {key.kid: key for key in self._keys.values()}
        self._keys = {one.purpose: known.get(one.kid) or open_key(one.kid, one.sealed, self._kek) for one in current}
        self._looked_at = self._clock.monotonic()
