"""People may be in an experience before they enter what it distributes.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "visits"
down_revision = "queue_authors"


def upgrade() -> None:
    """People may be in an experience before they enter what it distributes."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "experience_visit",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("consumer_id", sa.UUID(), nullable=False),
        sa.Column("experience_id", sa.UUID(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("experience_visit_pkey")),
        comment="People in experiences: one row for each person and experience, however often they come.",
    )
    op.create_index("experience_visit_consumer", "experience_visit", ["tenant_id", "consumer_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("experience_visit")
