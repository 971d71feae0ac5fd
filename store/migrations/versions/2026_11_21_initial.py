"""The first schema: the spine, organizations, people, experiences, queues.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "initial"
down_revision = None

LEDGER_NOW = """
CREATE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN (SELECT clock_timestamp() + ahead FROM ledger_clock)"""

JOURNAL_OUTCOMES = """
CREATE FUNCTION journal_outcomes(wanted uuid[])
RETURNS TABLE (command_id uuid, aggregate_id uuid, at timestamptz, reply json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT c.id, j.aggregate_id, j.at, j.replies -> (c.place - 1)::int
  FROM journal j, unnest(j.command_ids) WITH ORDINALITY AS c(id, place)
  WHERE j.command_ids && wanted AND c.id = ANY (wanted) AND (
    j.tenant_id = nullif(current_setting('drumroll.tenant', true), '')::uuid
    OR j.tenant_id = ANY (coalesce(nullif(current_setting('drumroll.tenants', true), ''), '{}')::uuid[]))
$$"""

RESOLVE_KEY = """
CREATE FUNCTION resolve_key(key_hash text)
RETURNS TABLE (tenant_id uuid, organization_id uuid, mode text, slug text, organization_status text, settings jsonb,
  key_id uuid, kind text, scopes text[], status text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT k.tenant_id, o.id, o.mode, o.slug, o.status, o.settings, k.id, k.kind, k.scopes, k.status, k.expires_at
  FROM api_key k JOIN organization o ON o.tenant_id = k.tenant_id AND o.id = k.organization_id
  WHERE k.hash = key_hash
$$"""

RESOLVE_SLUG = """
CREATE FUNCTION resolve_slug(wanted text)
RETURNS TABLE (tenant_id uuid, organization_id uuid, mode text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT o.tenant_id, o.id, o.mode FROM organization o WHERE o.slug = wanted
$$"""


def upgrade() -> None:
    """The first schema."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "ledger_clock",
        sa.Column("row", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("ahead", sa.Interval(), server_default=sa.text("'0'"), nullable=False),
        sa.CheckConstraint('"row" = 1', name=op.f("ledger_clock_row_check")),
        sa.PrimaryKeyConstraint("row", name=op.f("ledger_clock_pkey")),
        comment="How far the ledger's clock runs ahead: zero, but in test installations.",
    )
    op.execute("INSERT INTO ledger_clock DEFAULT VALUES")
    op.execute(LEDGER_NOW)
    op.create_table(
        "api_key",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('publishable', 'secret')", name=op.f("api_key_kind_check")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("hash", name=op.f("api_key_hash_key")),
        comment="Keys: only a hash is kept.",
    )
    op.create_table(
        "command_log",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True, cache=1), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("appended_at", sa.DateTime(timezone=True), server_default=sa.text("ledger_now()"), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("tenants", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("aggregates", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("n > 0", name=op.f("command_log_n_check")),
        sa.PrimaryKeyConstraint("position", name=op.f("command_log_pkey")),
        comment="Commands that wait to be decided, a batch a row. An empty log is a healthy log.",
    )
    op.create_index("command_log_head", "command_log", ["topic", "part", "position"], unique=False)
    op.create_table(
        "consumer",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), server_default=sa.text("'guest'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("consumer_pkey")),
        comment="People, as an organization knows them.",
    )
    op.create_table(
        "dead_command",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("aggregate_id", sa.UUID(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("envelope", sa.JSON(), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("dead_command_pkey")),
        comment="Commands that could not be decided, for the operator.",
    )
    op.create_index("dead_command_died_at", "dead_command", ["died_at"], unique=False)
    op.create_table(
        "experience",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("open_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("experience_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("experience_tenant_id_slug_key")),
        comment="Launches as the public sees them.",
    )
    op.create_index("experience_tenant_id_created_at", "experience", ["tenant_id", "created_at", "id"], unique=False)
    op.create_table(
        "journal",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("aggregate_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True, cache=1), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("command_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("changed", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("replies", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "aggregate_id", "seq", name=op.f("journal_pkey")),
        comment="What was decided: one permanent row for each aggregate and drain. Replies are blanked after a day.",
    )
    op.create_index("journal_command_ids", "journal", ["command_ids"], unique=False, postgresql_using="gin")
    op.create_index(
        "journal_unblanked", "journal", ["at"], unique=False, postgresql_where=sa.text("replies IS NOT NULL")
    )
    op.create_table(
        "log_partition",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("topic", "part", name=op.f("log_partition_pkey")),
        comment="One row for each partition of each topic: whoever holds its lock is the only writer of its aggregates.",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "organization",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("twin_tenant_id", sa.UUID(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("organization_mode_check")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("organization_pkey")),
        sa.UniqueConstraint("id", "mode", name=op.f("organization_id_mode_key")),
        sa.UniqueConstraint("slug", "mode", name=op.f("organization_slug_mode_key")),
        comment="An organization, once for each of its two modes: a tenant is (organization, mode).",
    )
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unknowns", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'deferred', 'unknown', 'bounced', 'dead')",
            name=op.f("outbox_state_check"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("outbox_pkey")),
        sa.UniqueConstraint("tenant_id", "dedupe_key", name=op.f("outbox_tenant_id_dedupe_key_key")),
        comment="What is owed to the outside world, written with the decision that owes it.",
    )
    op.create_index(
        "outbox_next_at", "outbox", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_table(
        "queue_entry",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("queue_id", sa.UUID(), nullable=False),
        sa.Column("consumer_id", sa.UUID(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("first_ticket", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.UUID(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_validated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("validations", sa.Integer(), nullable=False),
        sa.Column("dequeued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("out_of_turn", sa.Boolean(), nullable=False),
        sa.Column("requeues", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status <> 'GRANTED' OR (grant_id IS NOT NULL AND expires_at IS NOT NULL)",
            name=op.f("queue_entry_granted_check"),
        ),
        sa.CheckConstraint(
            "status IN ('QUEUED', 'GRANTED', 'COMPLETED', 'LEFT', 'DENIED')", name=op.f("queue_entry_status_check")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("queue_entry_pkey")),
        comment="Participations: one live one for each person and queue.",
    )
    op.create_index("queue_entry_consumer", "queue_entry", ["tenant_id", "queue_id", "consumer_id"], unique=False)
    op.create_index(
        "queue_entry_lapses",
        "queue_entry",
        ["tenant_id", "queue_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'GRANTED'"),
    )
    op.create_index(
        "queue_entry_live",
        "queue_entry",
        ["tenant_id", "queue_id", "consumer_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('QUEUED', 'GRANTED')"),
    )
    op.create_index("queue_entry_ticket", "queue_entry", ["tenant_id", "queue_id", "ticket"], unique=True)
    op.create_table(
        "queue_requeue",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("queue_id", sa.UUID(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "queue_id", "ticket", name=op.f("queue_requeue_pkey")),
        comment="The second leaves of people who went to the back of the line.",
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("listed_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('access', 'grant')", name=op.f("signing_key_purpose_check")),
        sa.PrimaryKeyConstraint("kid", name=op.f("signing_key_pkey")),
        comment="Keys that sign tokens. The private half is sealed under the key-encryption key of the workers.",
    )
    op.create_index("signing_key_purpose_signs_from", "signing_key", ["purpose", "signs_from"], unique=False)
    op.create_table(
        "timer",
        sa.Column("aggregate_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate_id", "purpose", name=op.f("timer_pkey")),
        comment="Promises with a date: one for each aggregate and purpose.",
    )
    op.create_index("timer_due_at", "timer", ["due_at"], unique=False)
    op.create_table(
        "sequence",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("experience_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "experience_id"], ["experience.tenant_id", "experience.id"], name="sequence_experience_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("sequence_pkey")),
        comment="Access paths into an experience.",
    )
    op.create_index("sequence_tenant_id_experience_id", "sequence", ["tenant_id", "experience_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("consumer_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("refresh_hash", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=True),
        sa.Column("rotations", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "consumer_id"], ["consumer.tenant_id", "consumer.id"], name="session_consumer_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("session_pkey")),
        comment="Refresh families: a used token presented again ends its family.",
    )
    op.create_index("session_tenant_id_consumer_id", "session", ["tenant_id", "consumer_id"], unique=False)
    op.create_table(
        "queue",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("experience_id", sa.UUID(), nullable=False),
        sa.Column("sequence_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("server_seed", sa.LargeBinary(), nullable=False),
        sa.Column("seed_commitment", sa.LargeBinary(), nullable=False),
        sa.Column("archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pause", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ended", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("open_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("knock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cohort", sa.BigInteger(), nullable=False),
        sa.Column("tree_head", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("revealed", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("head_stale", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("inside", sa.Integer(), nullable=False),
        sa.Column("admitted", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("credited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapse_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.Column("speed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("speed_head", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("admitted >= 0", name=op.f("queue_admitted_check")),
        sa.CheckConstraint("completed >= 0", name=op.f("queue_completed_check")),
        sa.CheckConstraint("inside >= 0", name=op.f("queue_inside_check")),
        sa.CheckConstraint("waiting >= 0", name=op.f("queue_waiting_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sequence_id"], ["sequence.tenant_id", "sequence.id"], name="queue_sequence_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("queue_pkey")),
        comment="Queues: settings, what was done to them, and their line.",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("queue_tenant_id_created_at", "queue", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("queue_tenant_id_sequence_id", "queue", ["tenant_id", "sequence_id"], unique=False)
    op.execute(JOURNAL_OUTCOMES)
    op.execute(RESOLVE_KEY)
    op.execute(RESOLVE_SLUG)


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP FUNCTION resolve_slug, resolve_key, journal_outcomes")
    op.drop_index("queue_tenant_id_sequence_id", table_name="queue")
    op.drop_index("queue_tenant_id_created_at", table_name="queue")
    op.drop_table("queue")
    op.drop_index("session_tenant_id_consumer_id", table_name="session")
    op.drop_table("session")
    op.drop_index("sequence_tenant_id_experience_id", table_name="sequence")
    op.drop_table("sequence")
    op.drop_index("timer_due_at", table_name="timer")
    op.drop_table("timer")
    op.drop_index("signing_key_purpose_signs_from", table_name="signing_key")
    op.drop_table("signing_key")
    op.drop_table("queue_requeue")
    op.drop_index("queue_entry_ticket", table_name="queue_entry")
    op.drop_index(
        "queue_entry_live", table_name="queue_entry", postgresql_where=sa.text("status IN ('QUEUED', 'GRANTED')")
    )
    op.drop_index("queue_entry_lapses", table_name="queue_entry", postgresql_where=sa.text("status = 'GRANTED'"))
    op.drop_index("queue_entry_consumer", table_name="queue_entry")
    op.drop_table("queue_entry")
    op.drop_index("outbox_next_at", table_name="outbox", postgresql_where=sa.text("next_at IS NOT NULL"))
    op.drop_table("outbox")
    op.drop_table("organization")
    op.drop_table("log_partition")
    op.drop_table("ledger_clock")
    op.drop_index("journal_unblanked", table_name="journal", postgresql_where=sa.text("replies IS NOT NULL"))
    op.drop_index("journal_command_ids", table_name="journal", postgresql_using="gin")
    op.drop_table("journal")
    op.drop_index("experience_tenant_id_created_at", table_name="experience")
    op.drop_table("experience")
    op.drop_index("dead_command_died_at", table_name="dead_command")
    op.drop_table("dead_command")
    op.drop_table("consumer")
    op.drop_index("command_log_head", table_name="command_log")
    op.drop_table("command_log")
    op.drop_table("api_key")
    op.execute("DROP FUNCTION ledger_now")
