"""Those who went back to a line are found by when they came first.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "requeued"
down_revision = "paid"


def upgrade() -> None:
    """Those who went back to a line are found by when they came first."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_index(
        "queue_entry_requeued",
        "queue_entry",
        ["tenant_id", "queue_id", "entered_at"],
        unique=False,
        postgresql_where=sa.text("requeues > 0"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("queue_entry_requeued", table_name="queue_entry")
