"""A running ordinary service: its own database on the given server, people with tokens, queues."""

from __future__ import annotations

import hashlib
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL

from bench.ordinary.settings import Settings
from bench.rows import one_row
from bench.served import HOST, Served

FASTEST = (2, 2)
"""Processes, and connections of each, with which this service was fastest on two cores.

More connections only wait for each other at the queue's row, and wake the processes to do so.
"""

_DATABASE = "ordinary_bench"
_SCHEMA = Path(__file__).with_name("schema.sql").read_text()
_TOKEN_SECONDS = 86_400
_NEW_QUEUE = b"""
    INSERT INTO queue (tenant_id, id, sequence_id, experience_id, open_at, admit_rate)
    VALUES (%s, uuidv7(), uuidv7(), uuidv7(), now(), 600) RETURNING id
"""
_ENTERED = b"""
    SELECT count(*), count(DISTINCT consumer_id), coalesce(max(ticket), 0) FROM participation WHERE queue_id = %s
"""
_NEW_KEY = b"""
    INSERT INTO api_key VALUES (%s, uuidv7(), uuidv7())
    RETURNING tenant_id, organization_id, extract(epoch FROM now())::bigint
"""
_NEW_SESSIONS = b"""
    INSERT INTO session SELECT %s, uuidv7(), uuidv7() FROM generate_series(1, %s) RETURNING id, consumer_id
"""


@dataclass(frozen=True, slots=True)
class Ordinary:
    """The service as a benchmark sees it: an address, queues to make, and ready-made requests."""

    host: str
    port: int
    pid: int
    database: str
    tenant_id: UUID
    key: str
    tokens: list[str]

    def new_queue(self) -> UUID:
        """A queue that is open now and never full."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            (queue_id,) = one_row(connection, _NEW_QUEUE, (self.tenant_id,))
        made: UUID = queue_id
        return made

    def enters(self, queue_id: UUID) -> Iterator[bytes]:
        """One request to enter per person, for everybody there is."""
        head = (
            f"POST /consumer/api/v1/queues/{queue_id}/enter HTTP/1.1\r\nHost: {self.host}\r\n"
            f"X-Publishable-Key: {self.key}\r\nContent-Length: 0\r\nAuthorization: Bearer "
        ).encode()
        return (head + token.encode() + b"\r\n\r\n" for token in self.tokens)

    def entered(self, queue_id: UUID) -> int:
        """How many participations the queue holds, once nothing is under way.

        Raises RuntimeError when somebody is in twice or the tickets are not 1, 2, 3, ...
        """
        with psycopg.connect(self.database) as connection:
            people, distinct, last = one_row(connection, _ENTERED, (queue_id,))
        if not people == distinct == last:
            raise RuntimeError(f"{people} places of {distinct} people with tickets up to {last}")
        return int(people)


@contextmanager
def ordinary(
    admin_url: str, redis_url: str, log: Path, *, people: int, workers: int = FASTEST[0], pool_size: int = FASTEST[1]
) -> Iterator[Ordinary]:
    """Start the service on a Postgres whose superuser is `admin_url`; everything of it is made anew.

    `people` get a session and a token of one day. The database and its role go when the context ends.
    """
    password, signing = secrets.token_hex(16), OKPKey.generate_key("Ed25519")
    database = _create(admin_url, password)
    try:
        tenant_id, key, tokens = _populate(database, signing, people)
        environment = {
            "BENCH_DATABASE_URL": _application_url(database, password),
            "BENCH_REDIS_URL": redis_url,
            "BENCH_TOKEN_KEY": orjson.dumps(signing.as_dict(private=False)).decode(),
            "BENCH_POOL_SIZE": str(pool_size),
        }
        with Served("bench.ordinary.app:app", environment=environment, log=log, workers=workers) as on:
            yield Ordinary(HOST, on.port, on.pid, database, tenant_id, key, tokens)
    finally:
        _drop(admin_url)


def _create(admin_url: str, password: str) -> str:
    _drop(admin_url)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    database = make_conninfo(admin_url, dbname=_DATABASE)
    with psycopg.connect(database) as connection:
        quoted = sql.Literal(password).as_string(connection)
        connection.execute(_SCHEMA.replace(":password", quoted).encode())
    return database


def _drop(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        connection.execute("DROP ROLE IF EXISTS ordinary_app")


def _application_url(database: str, password: str) -> str:
    to = conninfo_to_dict(database)
    port = int(to.get("port") or 5432)
    url = URL.create("postgresql+psycopg", "ordinary_app", password, HOST, port, _DATABASE)
    return url.render_as_string(hide_password=False)


def _populate(database: str, signing: OKPKey, people: int) -> tuple[UUID, str, list[str]]:
    key = "dr_pk_test_" + secrets.token_hex(16)
    with psycopg.connect(database) as connection:
        digest = hashlib.sha256(key.encode()).digest()
        tenant_id, organization_id, now = one_row(connection, _NEW_KEY, (digest,))
        sessions = connection.execute(_NEW_SESSIONS, (tenant_id, people)).fetchall()
    claims = _claims(str(organization_id), now)
    with warnings.catch_warnings(category=SecurityWarning, action="ignore"):  # the algorithm is named EdDSA
        tokens = [_token(claims, signing, str(session_id), str(consumer_id)) for session_id, consumer_id in sessions]
    return tenant_id, key, tokens


def _claims(organization_id: str, now: int) -> dict[str, Any]:
    return {
        "iss": Settings.model_fields["issuer"].default,
        "aud": "consumer",
        "organizationId": organization_id,
        "mode": "test",
        "level": "guest",
        "isGuest": True,
        "amr": ["guest"],
        "iat": now,
        "exp": now + _TOKEN_SECONDS,
    }


def _token(claims: dict[str, Any], signing: OKPKey, session_id: str, consumer_id: str) -> str:
    whole = claims | {"sub": consumer_id, "sid": session_id, "jti": session_id}
    return jwt.encode({"alg": "EdDSA", "typ": "at+jwt", "kid": "bench"}, whole, signing, algorithms=["EdDSA"])
