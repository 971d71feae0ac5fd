"""The keys that sign tokens: made, rotated and listed so that no token is refused because of a rotation.

Verifiers keep the key set for an hour or so. A new key is therefore listed a day before it signs, and the one before it
is listed until a day after the last token it signed has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from store import bulk
from store.database import ledger_now
from store.pipelined import Connection
from store.tables.organization import signing_key

NOTICE = timedelta(days=1)
LONGEST: Mapping[str, timedelta] = {"access": timedelta(days=1), "grant": timedelta(days=31)}
_TURN = "LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE"
_LATEST = "SELECT kid, signs_from FROM signing_key WHERE purpose = %s AND signs_until IS NULL"
_RETIRE = "UPDATE signing_key SET signs_until = %s, listed_until = %s WHERE kid = %s"
_LISTED = """
SELECT public_jwk FROM signing_key
WHERE listed_at <= ledger_now() AND (listed_until IS NULL OR listed_until > ledger_now())
ORDER BY purpose, signs_from, kid"""
_ALL = """
SELECT kid, purpose, listed_at, signs_from, signs_until, listed_until FROM signing_key ORDER BY purpose, signs_from"""
_OF = "SELECT purpose, signs_from, signs_until FROM signing_key WHERE kid = %s"
_BURN = "DELETE FROM signing_key WHERE kid = %s"
_SIGNING = """
SELECT kid FROM signing_key
WHERE purpose = %s AND signs_from <= ledger_now() AND (signs_until IS NULL OR signs_until > ledger_now())"""
_CURRENT = """
SELECT kid, purpose, sealed FROM signing_key
WHERE signs_from <= ledger_now() AND (signs_until IS NULL OR signs_until > ledger_now()) ORDER BY signs_from"""
_KEPT = """
SELECT kid, purpose, sealed FROM signing_key
WHERE listed_until IS NULL OR listed_until > ledger_now() ORDER BY purpose, signs_from"""
_BEFORE = """
SELECT kid FROM signing_key WHERE purpose = %s AND signs_until > ledger_now() ORDER BY signs_from DESC LIMIT 1"""
_GOES_ON = "UPDATE signing_key SET signs_until = NULL, listed_until = NULL WHERE kid = %s"
_SIGN_NOW = "UPDATE signing_key SET signs_from = ledger_now() WHERE purpose = %s AND signs_until IS NULL RETURNING kid"
_FORGET = "DELETE FROM signing_key WHERE listed_until <= ledger_now()"


class FreshKey(Protocol):
    """A key just made: its id, its public half as a JWK, its private half sealed."""

    @property
    def kid(self) -> str:
        """The key's id."""

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public half."""

    @property
    def sealed(self) -> bytes:
        """The private half, sealed."""


@dataclass(frozen=True, slots=True)
class Shift:
    """When a key is listed and when it signs. The latest of its purpose has no end yet."""

    kid: str
    purpose: str
    listed_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None
    listed_until: datetime | None = None


class Sealed(NamedTuple):
    """A key: its id, its purpose and its private half, sealed."""

    kid: str
    purpose: str
    sealed: bytes


def signing(connection: Connection) -> list[Sealed]:
    """The keys that sign now, the older first."""
    return [Sealed(row.kid, row.purpose, bytes(row.sealed)) for row in connection.exec_driver_sql(_CURRENT)]


def kept(connection: Connection) -> list[Sealed]:
    """The keys that verifiers may still be told of: those that wait, those that sign, and those that signed lately."""
    return [Sealed(row.kid, row.purpose, bytes(row.sealed)) for row in connection.exec_driver_sql(_KEPT)]


def rotate(connection: Connection, purpose: str, fresh: FreshKey) -> Shift:
    """Make `fresh` the next key of a purpose ("access" or "grant"); the first of all signs at once.

    While a key waits for its first day, that one is returned and `fresh` is not kept: rotating twice is rotating once.
    """
    connection.exec_driver_sql(_TURN)
    now, latest = ledger_now(connection), connection.exec_driver_sql(_LATEST, (purpose,)).first()
    if latest is None:
        return _keep(connection, Shift(fresh.kid, purpose, now, now), fresh)
    if latest.signs_from > now:
        return next(shift for shift in shifts(connection) if shift.kid == latest.kid)
    signs_from = now + NOTICE
    listed_until = signs_from + LONGEST[purpose] + NOTICE
    connection.exec_driver_sql(_RETIRE, (signs_from, listed_until, latest.kid))
    return _keep(connection, Shift(fresh.kid, purpose, now, signs_from), fresh)


def withdraw(connection: Connection, kid: str, fresh: FreshKey) -> str | None:
    """Strike a key that others may have: it is listed no more, signs no more, and its private half is gone.

    Another signs at once: the one that waits for its first day, else `fresh`. One that only waited is as if it had never
    been made. Returns the id of the key that signs now; None when there is no such key.
    """
    connection.exec_driver_sql(_TURN)
    found = connection.exec_driver_sql(_OF, (kid,)).first()
    if found is None:
        return None
    connection.exec_driver_sql(_BURN, (kid,))
    waited = found.signs_until is None and found.signs_from > ledger_now(connection)
    before = connection.exec_driver_sql(_BEFORE, (found.purpose,)).scalar() if waited else None
    if before is not None:
        connection.exec_driver_sql(_GOES_ON, (before,))
    elif connection.exec_driver_sql(_SIGNING, (found.purpose,)).first() is None:
        _succeed(connection, found.purpose, fresh)
    return str(connection.exec_driver_sql(_SIGNING, (found.purpose,)).scalar())


def without_key(connection: Connection) -> list[str]:
    """The purposes for which there is no key yet, and no token can be signed."""
    present = {shift.purpose for shift in shifts(connection)}
    return [purpose for purpose in LONGEST if purpose not in present]


def listed(connection: Connection) -> list[dict[str, Any]]:
    """The public keys that verifiers are told of now, as JWKs (RFC 7517)."""
    return [dict(jwk) for jwk in connection.exec_driver_sql(_LISTED).scalars()]


def shifts(connection: Connection) -> Sequence[Shift]:
    """Every key with its dates, the older first."""
    return [Shift(*row) for row in connection.exec_driver_sql(_ALL)]


def forget(connection: Connection) -> int:
    """Delete the keys that are listed no more; how many they were."""
    gone: int = connection.exec_driver_sql(_FORGET).rowcount
    return gone


def _succeed(connection: Connection, purpose: str, fresh: FreshKey) -> None:
    if connection.exec_driver_sql(_SIGN_NOW, (purpose,)).first() is None:
        now = ledger_now(connection)
        _keep(connection, Shift(fresh.kid, purpose, now, now), fresh)


def _keep(connection: Connection, shift: Shift, fresh: FreshKey) -> Shift:
    row = {
        "kid": shift.kid,
        "purpose": shift.purpose,
        "public_jwk": fresh.public_jwk,
        "sealed": fresh.sealed,
        "listed_at": shift.listed_at,
        "signs_from": shift.signs_from,
    }
    bulk.insert(connection, signing_key, [row])
    return shift
