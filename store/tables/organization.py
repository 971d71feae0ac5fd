"""Organizations, their two tenants, their keys, and the keys that sign."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from store.tables.base import identity, metadata, moment, tenant

organization = Table(
    "organization",
    metadata,
    tenant(),
    identity(),
    Column("twin_tenant_id", UUID, nullable=False),
    Column("mode", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'ACTIVE'")),
    Column("settings", JSONB, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    UniqueConstraint("id", "mode"),
    UniqueConstraint("slug", "mode"),
    comment="An organization, once for each of its two modes: a tenant is (organization, mode).",
)

api_key = Table(
    "api_key",
    metadata,
    tenant(),
    identity(),
    Column("organization_id", UUID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False, server_default=text("'ACTIVE'")),
    moment("created_at", nullable=False),
    moment("expires_at"),
    moment("revoked_at"),
    moment("last_used_at"),
    CheckConstraint("kind IN ('publishable', 'secret')", name="kind"),
    UniqueConstraint("hash"),
    comment="Keys: only a hash is kept.",
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("listed_at", nullable=False),
    moment("signs_from", nullable=False),
    moment("signs_until"),
    moment("listed_until"),
    CheckConstraint("purpose IN ('access', 'grant')", name="purpose"),
    Index("signing_key_purpose_signs_from", "purpose", "signs_from"),
    comment="Keys that sign tokens. The private half is sealed under the key-encryption key of the workers.",
)
