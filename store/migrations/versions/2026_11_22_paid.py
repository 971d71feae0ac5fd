"""Whether money was recorded under an experience is found without reading every order.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "paid"
down_revision = "heard"


def upgrade() -> None:
    """Whether money was recorded under an experience is found without reading every order."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_index(
        "queue_completion_paid",
        "queue_completion",
        ["tenant_id", "queue_id"],
        unique=False,
        postgresql_where=sa.text("order_amount IS NOT NULL"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("queue_completion_paid", table_name="queue_completion")
