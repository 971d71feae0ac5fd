"""Grants get longer in slices, and who waits unseen, or a session that has ended, is found without reading everything.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "slices"
down_revision = "operations"


def upgrade() -> None:
    """Grants get longer in slices, and who waits unseen, or a session that has ended, is found quickly."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("queue", sa.Column("extensions", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "queue_entry_unseen",
        "queue_entry",
        ["tenant_id", "queue_id", "seen_at"],
        unique=False,
        postgresql_where=sa.text("status = 'QUEUED' AND seen_at IS NOT NULL"),
    )
    op.create_index("session_expires_at", "session", ["expires_at"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_index("session_expires_at", table_name="session")
    op.drop_index("queue_entry_unseen", table_name="queue_entry")
    op.drop_column("queue", "extensions")
