"""People with sessions and access tokens, made in bulk: written by COPY, signed with the installation's own key."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.rows import one_row
from domain.people.state import Consumer, Session
from domain.people.view import access_claims
from domain.tenant import TenantFacts
from runtime.clock import Clock
from runtime.keys import open_key

LIFE = timedelta(days=1)
_SIGNS = b"""
    SELECT kid, sealed FROM signing_key WHERE purpose = 'access' AND signs_from <= ledger_now()
      AND (signs_until IS NULL OR signs_until > ledger_now()) ORDER BY signs_from DESC LIMIT 1
"""
_CONSUMERS = b"COPY consumer (tenant_id, id, level, created_at) FROM STDIN"
_SESSIONS = b"COPY session (tenant_id, id, consumer_id, refresh_hash, created_at, expires_at) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Person:
    """A guest with a session."""

    consumer_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs access tokens now. Faster than the worker's own way, and the same bytes."""

    kid: str
    private: Ed25519PrivateKey
    issuer: str

    def sign(self, typ: str, payload: dict[str, Any]) -> str:
        """A JSON Web Token (RFC 7519, RFC 8037)."""
        head = _part({"alg": "EdDSA", "typ": typ, "kid": self.kid})
        signed = head + b"." + _part({"iss": self.issuer, **payload})
        return (signed + b"." + urlsafe_b64encode(self.private.sign(signed)).rstrip(b"=")).decode()


def signer_of(connection: psycopg.Connection[Any], key_encryption_key: bytes, issuer: str) -> Signer:
    """Open the key of a store that signs access tokens. cryptography's InvalidTag: it was sealed under another key."""
    kid, sealed = one_row(connection, _SIGNS)
    key = open_key(kid, bytes(sealed), key_encryption_key).key
    private = key.private_key
    assert isinstance(private, Ed25519PrivateKey)  # noqa: S101 (narrows the type)
    return Signer(kid, private, issuer)


def new_people(connection: psycopg.Connection[Any], tenant_id: UUID, count: int) -> list[Person]:
    """So many guests with live sessions, committed."""
    clock, now = Clock(), datetime.now(UTC)
    people = [Person(clock.new_id(), clock.new_id()) for _ in range(count)]
    made, ends = now.isoformat(), (now + LIFE).isoformat()
    consumers = (f"{tenant_id}\t{one.consumer_id}\tguest\t{made}\n" for one in people)
    sessions = (
        f"{tenant_id}\t{one.session_id}\t{one.consumer_id}\t{2 * one.session_id.hex}\t{made}\t{ends}\n"
        for one in people
    )
    copy(connection, _CONSUMERS, consumers)
    copy(connection, _SESSIONS, sessions)
    connection.commit()
    return people


def tokens(signer: Signer, tenant: TenantFacts, people: Sequence[Person], issue: int = 0) -> Iterator[str]:
    """One access token per person, an hour long from now. Another `issue` gives tokens that nobody has seen before."""
    now = datetime.now(UTC)
    for one in people:
        consumer = Consumer(tenant.tenant_id, one.consumer_id, now)
        session = Session(tenant.tenant_id, one.session_id, one.consumer_id, "", now, now + LIFE, rotations=issue)
        claims = access_claims(consumer, session, tenant)
        yield signer.sign(claims.typ, dict(claims.payload))


def copy(connection: psycopg.Connection[Any], statement: bytes, lines: Iterable[str]) -> None:
    """Write rows, given as lines of COPY's text form, some thousand at a time."""
    with connection.cursor() as cursor, cursor.copy(statement) as sink:
        some: list[str] = []
        for line in lines:
            some.append(line)
            if len(some) == 5_000:
                sink.write("".join(some))
                some.clear()
        sink.write("".join(some))


def _part(content: dict[str, Any]) -> bytes:
    return urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=")
