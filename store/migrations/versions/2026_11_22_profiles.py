"""What people say of themselves gets a table of its own.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "profiles"
down_revision = "requeued"


def upgrade() -> None:
    """What people say of themselves gets a table of its own."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "consumer_profile",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=True),
        sa.Column("language_code", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("email_opt_out", sa.Boolean(), nullable=False),
        sa.Column("sms_opt_out", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"], ["consumer.tenant_id", "consumer.id"], name="consumer_profile_id_fkey"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("consumer_profile_pkey")),
        comment="What people say of themselves: the only personal data. Apart, because few say anything and it is erased.",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("consumer_profile")
