"""The draws of an organization have one log, in which no draw can be made, drawn or ended twice unseen.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "record"
down_revision = "prizes"


def upgrade() -> None:
    """The log of all draws. It begins empty: draws that exist are told of by what happens to them from now on."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "draw_record",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("draw_record_pkey")),
        comment="How far the log of all draws of an organization has come: whoever writes a line there locks this row.",
    )
    op.create_table(
        "draw_record_line",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("draw_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "n", name=op.f("draw_record_line_pkey")),
        comment="The log of all draws of an organization, as it is published. A draw has one line of a type, but for its rules.",
    )
    op.create_index(
        "draw_record_line_once",
        "draw_record_line",
        ["tenant_id", "draw_id", "type"],
        unique=True,
        postgresql_where=sa.text("type <> 'RULES'"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index(
        "draw_record_line_once", table_name="draw_record_line", postgresql_where=sa.text("type <> 'RULES'")
    )
    op.drop_table("draw_record_line")
    op.drop_table("draw_record")
