"""What shops say of the orders that use grants up gets a table of its own.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "completions"
down_revision = "initial"


def upgrade() -> None:
    """What shops say of the orders that use grants up gets a table of its own."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "queue_completion",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("queue_id", sa.UUID(), nullable=False),
        sa.Column("order_amount", sa.BigInteger(), nullable=True),
        sa.Column("currency_code", sa.Text(), nullable=True),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "order_amount IS NULL OR currency_code IS NOT NULL", name=op.f("queue_completion_currency_check")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("queue_completion_pkey")),
        comment="What shops said of the orders that used grants up, under the ids of the participations.",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("queue_completion")
