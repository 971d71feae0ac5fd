"""Consumers and their sessions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from store.tables.base import identity, metadata, moment, tenant

consumer = Table(
    "consumer",
    metadata,
    tenant(),
    identity(),
    Column("level", Text, nullable=False, server_default=text("'guest'")),
    moment("created_at", nullable=False),
    comment="People, as an organization knows them.",
)

consumer_profile = Table(
    "consumer_profile",
    metadata,
    tenant(),
    identity(),
    Column("full_name", Text),
    Column("language_code", Text),
    Column("time_zone", Text),
    Column("email_opt_out", Boolean, nullable=False),
    Column("sms_opt_out", Boolean, nullable=False),
    moment("updated_at", nullable=False),
    Column("version", Integer, nullable=False),
    moment("erased_at"),
    ForeignKeyConstraint(["tenant_id", "id"], ["consumer.tenant_id", "consumer.id"], name="consumer_profile_id_fkey"),
    comment="What people say of themselves: the only personal data. Apart, because few say anything and it is erased.",
)

experience_visit = Table(
    "experience_visit",
    metadata,
    tenant(),
    identity(),
    Column("consumer_id", UUID, nullable=False),
    Column("experience_id", UUID, nullable=False),
    moment("entered_at", nullable=False),
    moment("left_at"),
    Column("version", Integer, nullable=False),
    Index("experience_visit_consumer", "tenant_id", "consumer_id"),
    comment="People in experiences: one row for each person and experience, however often they come.",
)

session = Table(
    "session",
    metadata,
    tenant(),
    identity(),
    Column("consumer_id", UUID, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'ACTIVE'")),
    Column("refresh_hash", Text, nullable=False),
    Column("previous_hash", Text),
    Column("rotations", Integer, nullable=False, server_default=text("0")),
    moment("rotated_at"),
    moment("created_at", nullable=False),
    moment("expires_at", nullable=False),
    moment("ended_at"),
    ForeignKeyConstraint(
        ["tenant_id", "consumer_id"], ["consumer.tenant_id", "consumer.id"], name="session_consumer_fkey"
    ),
    Index("session_tenant_id_consumer_id", "tenant_id", "consumer_id"),
    Index("session_expires_at", "expires_at"),
    comment="Refresh families: a used token presented again ends its family.",
)
