"""The keys that callers show, and the public halves of those that tokens are checked by: looked up before a tenant is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

_RESOLVE = """
SELECT w.hash, r.tenant_id, r.organization_id, r.mode, r.slug, r.organization_status, r.settings, r.key_id, r.kind,
  r.scopes, r.status, r.expires_at
FROM unnest(%s::text[]) AS w(hash), LATERAL resolve_key(w.hash) AS r"""
_LISTED = """
SELECT kid, purpose, public_jwk FROM signing_key
WHERE listed_at <= ledger_now() AND (listed_until IS NULL OR listed_until > ledger_now()) ORDER BY signs_from, kid"""


async def resolved(connection: AsyncConnection[Any], hashes: Iterable[str]) -> Sequence[tuple[Any, ...]]:
    """What is known of keys by the SHA-256 (hex) of their texts: the statement's columns, no row for one that is nobody's."""
    cursor = connection.cursor(row_factory=tuple_row)
    return await (await cursor.execute(_RESOLVE, (list(hashes),))).fetchall()


async def listed(connection: AsyncConnection[Any]) -> Sequence[tuple[str, str, dict[str, Any]]]:
    """The keys that may have signed a token that is still good: id, purpose, public half as a JWK."""
    return await (await connection.cursor(row_factory=tuple_row).execute(_LISTED)).fetchall()
