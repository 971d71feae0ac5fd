"""Queues know who changed them last.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "queue_authors"
down_revision = "profiles"


def upgrade() -> None:
    """Queues know who changed them last."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("queue", sa.Column("updated_by", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("queue", "updated_by")
