"""Experiences and their sequences."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from store.tables.base import identity, metadata, moment, tenant

experience = Table(
    "experience",
    metadata,
    tenant(),
    identity(),
    Column("organization_id", UUID, nullable=False),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("published", Boolean, nullable=False, server_default=text("false")),
    moment("open_at"),
    moment("close_at"),
    Column("archived", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "slug"),
    Index("experience_tenant_id_created_at", "tenant_id", "created_at", "id"),
    comment="Launches as the public sees them.",
)

sequence = Table(
    "sequence",
    metadata,
    tenant(),
    identity(),
    Column("experience_id", UUID, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("archived", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "experience_id"], ["experience.tenant_id", "experience.id"], name="sequence_experience_fkey"
    ),
    Index("sequence_tenant_id_experience_id", "tenant_id", "experience_id"),
    comment="Access paths into an experience.",
)
