"""Draws, the people in them, the order that is drawn, and the log of what happens after the freeze.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "draws"
down_revision = "visits"


# As in `statistics`: without them every index seems as good as any other, and plans are made while the table is empty.
_ENTRIES = """
INSERT INTO draw_entry
    (tenant_id, id, draw_id, consumer_id, number, leaf, first_ticket, tickets, people, entered_at, received_at, status,
     quantity, version, absent, promoted, rank, grant_id, granted_at, expires_at, validations, requeues)
SELECT md5('tenant' || nth % 2)::uuid, md5('entry' || nth)::uuid, md5('draw' || nth % 4)::uuid,
    md5('consumer' || nth)::uuid, nth, nth, nth, 1, 1, at, at, CASE WHEN wins THEN 'WON' ELSE 'ENTERED' END, 1, 1, false,
    false, CASE WHEN wins THEN nth END, CASE WHEN wins THEN md5('grant' || nth)::uuid END, CASE WHEN wins THEN at END,
    CASE WHEN wins THEN at + interval '2 days' END, 0, 0
FROM generate_series(1, 4000) AS nth,
    LATERAL (SELECT ledger_now() + nth * interval '1 millisecond' AS at, nth % 100 < 2 AS wins) AS one"""


def _look_at_examples() -> None:
    op.execute(_ENTRIES)
    op.execute("ANALYZE draw_entry")
    with op.get_bind().begin_nested():  # because a table made in this very transaction would be emptied in place
        op.execute("TRUNCATE draw_entry")


def upgrade() -> None:
    """Draws."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "draw_completion",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("order_amount", sa.BigInteger(), nullable=True),
        sa.Column("currency_code", sa.Text(), nullable=True),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "order_amount IS NULL OR currency_code IS NOT NULL", name=op.f("draw_completion_currency_check")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("draw_completion_pkey")),
        comment="What shops said of the orders that used wins up, under the ids of the participations.",
    )
    op.create_index(
        "draw_completion_paid",
        "draw_completion",
        ["tenant_id", "draw_id"],
        unique=False,
        postgresql_where=sa.text("order_amount IS NOT NULL"),
    )
    op.create_table(
        "draw_counting",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("duplicate_key", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draw_id", "duplicate_key", name=op.f("draw_counting_pkey")),
        comment="Of entries with one duplicate key the one that counts: the first of them in the order.",
    )
    op.create_table(
        "draw_entry",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("consumer_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("first_ticket", sa.BigInteger(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("duplicate_key", sa.LargeBinary(), nullable=True),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.Column("out_leaf", sa.BigInteger(), nullable=True),
        sa.Column("out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("behind", sa.BigInteger(), nullable=True),
        sa.Column("grant_id", sa.UUID(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_validated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("validations", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("requeues", sa.Integer(), nullable=False),
        sa.Column("live", sa.Boolean(), sa.Computed("status IN ('ENTERED', 'WON')", persisted=True), nullable=True),
        sa.CheckConstraint(
            "status <> 'WON' OR (grant_id IS NOT NULL AND expires_at IS NOT NULL)", name=op.f("draw_entry_won_check")
        ),
        sa.CheckConstraint(
            "status IN ('ENTERED', 'WON', 'COMPLETED', 'LEFT', 'DENIED')", name=op.f("draw_entry_status_check")
        ),
        sa.CheckConstraint("people BETWEEN 1 AND 100", name=op.f("draw_entry_people_check")),
        sa.CheckConstraint("tickets BETWEEN 1 AND 1000", name=op.f("draw_entry_tickets_check")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("draw_entry_pkey")),
        comment="Participations in draws: one live one for each person and draw. Who does not win keeps the row as it is.",
    )
    op.create_index(
        "draw_entry_behind",
        "draw_entry",
        ["tenant_id", "draw_id", "behind"],
        unique=False,
        postgresql_where=sa.text("behind IS NOT NULL"),
    )
    op.create_index("draw_entry_consumer", "draw_entry", ["tenant_id", "draw_id", "consumer_id"], unique=False)
    op.create_index(
        "draw_entry_ends",
        "draw_entry",
        ["tenant_id", "draw_id", "expires_at", "number"],
        unique=False,
        postgresql_where=sa.text("status = 'WON'"),
    )
    op.create_index(
        "draw_entry_live",
        "draw_entry",
        ["tenant_id", "draw_id", "consumer_id"],
        unique=True,
        postgresql_where=sa.text("live"),
    )
    op.create_index("draw_entry_number", "draw_entry", ["tenant_id", "draw_id", "number"], unique=True)
    op.create_index(
        "draw_entry_out",
        "draw_entry",
        ["tenant_id", "draw_id", "out_leaf"],
        unique=False,
        postgresql_where=sa.text("out_leaf IS NOT NULL"),
    )
    op.create_index(
        "draw_entry_won",
        "draw_entry",
        ["tenant_id", "draw_id", "rank"],
        unique=False,
        postgresql_where=sa.text("rank IS NOT NULL"),
    )
    op.create_table(
        "draw_order",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("first_rank", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draw_id", "bucket", name=op.f("draw_order_pkey")),
        comment="The order of a draw in chunks: the beginning of each key, and the number of its entry.",
    )
    op.create_index("draw_order_rank", "draw_order", ["tenant_id", "draw_id", "first_rank"], unique=False)
    op.create_table(
        "draw_passed",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draw_id", "rank", name=op.f("draw_passed_pkey")),
        comment="Groups that were passed over because they did not fit: first for places that fit.",
    )
    op.create_index(
        "draw_passed_open",
        "draw_passed",
        ["tenant_id", "draw_id", "people", "rank"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.create_table(
        "draw_run",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("slice", sa.Integer(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draw_id", "bucket", "slice", name=op.f("draw_run_pkey")),
        comment="Sorted keys of a slice of entries that fall into a bucket; gone as soon as the bucket is in order.",
    )
    op.create_table(
        "draw_step",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draw_id", "n", name=op.f("draw_step_pkey")),
        comment="The log of a draw after the freeze, as it is published: every line is chained to the one before.",
    )
    op.create_table(
        "draw",
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
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("knock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen", sa.BigInteger(), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.Column("tree_head", sa.LargeBinary(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("revealed", sa.LargeBinary(), nullable=False),
        sa.Column("ranked", sa.BigInteger(), nullable=False),
        sa.Column("ranked_tickets", sa.BigInteger(), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("buckets", sa.Integer(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("placed", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("winners", sa.Integer(), nullable=False),
        sa.Column("inside", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("stuck", sa.Boolean(), nullable=False),
        sa.Column("behind", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapse_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("step_head", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("completed >= 0", name=op.f("draw_completed_check")),
        sa.CheckConstraint("entered >= 0", name=op.f("draw_entered_check")),
        sa.CheckConstraint("inside >= 0", name=op.f("draw_inside_check")),
        sa.CheckConstraint("taken >= 0", name=op.f("draw_taken_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sequence_id"], ["sequence.tenant_id", "sequence.id"], name="draw_sequence_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("draw_pkey")),
        comment="Draws: settings, what was done to them, and how far the selection has come.",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("draw_tenant_id_created_at", "draw", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("draw_tenant_id_sequence_id", "draw", ["tenant_id", "sequence_id"], unique=False)
    _look_at_examples()
    for table in ("draw_run", "draw_order"):  # hashes cannot be made smaller, and trying costs more than writing them
        op.execute(f"ALTER TABLE {table} ALTER COLUMN records SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Take it back."""
    op.drop_index("draw_tenant_id_sequence_id", table_name="draw")
    op.drop_index("draw_tenant_id_created_at", table_name="draw")
    op.drop_table("draw")
    op.drop_table("draw_step")
    op.drop_table("draw_run")
    op.drop_index("draw_passed_open", table_name="draw_passed", postgresql_where=sa.text("open"))
    op.drop_table("draw_passed")
    op.drop_index("draw_order_rank", table_name="draw_order")
    op.drop_table("draw_order")
    op.drop_index("draw_entry_won", table_name="draw_entry", postgresql_where=sa.text("rank IS NOT NULL"))
    op.drop_index("draw_entry_out", table_name="draw_entry", postgresql_where=sa.text("out_leaf IS NOT NULL"))
    op.drop_index("draw_entry_number", table_name="draw_entry")
    op.drop_index("draw_entry_live", table_name="draw_entry", postgresql_where=sa.text("live"))
    op.drop_index("draw_entry_ends", table_name="draw_entry", postgresql_where=sa.text("status = 'WON'"))
    op.drop_index("draw_entry_consumer", table_name="draw_entry")
    op.drop_index("draw_entry_behind", table_name="draw_entry", postgresql_where=sa.text("behind IS NOT NULL"))
    op.drop_table("draw_entry")
    op.drop_table("draw_counting")
    op.drop_index(
        "draw_completion_paid", table_name="draw_completion", postgresql_where=sa.text("order_amount IS NOT NULL")
    )
    op.drop_table("draw_completion")
