"""Signing tokens: the private keys are opened in workers and nowhere else."""

from __future__ import annotations

import threading

from sqlalchemy import Engine

from domain.claims import Claims
from runtime.clock import Clock
from runtime.keys import SigningKey, open_key

_CURRENT = """
SELECT kid, purpose, public_jwk, sealed FROM signing_key
WHERE signs_from <= ledger_now() AND (signs_until IS NULL OR signs_until > ledger_now())
ORDER BY signs_from"""
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
            rows = connection.exec_driver_sql(_CURRENT).all()
        known = {key.kid: key for key in self._keys.values()}
        self._keys = {
            row.purpose: known.get(row.kid) or open_key(row.kid, bytes(row.sealed), self._kek) for row in rows
        }
        self._looked_at = self._clock.monotonic()
