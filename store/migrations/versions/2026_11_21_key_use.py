"""Keys know when they were last used.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "key_use"
down_revision = "slices"


def upgrade() -> None:
    """Keys know when they were last used."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("api_key", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("api_key", "last_used_at")
