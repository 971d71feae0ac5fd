"""A queue knows since when gateways have told, without a break, who was seen in it.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "heard"
down_revision = "grants"


def upgrade() -> None:
    """A queue knows since when gateways have told who was seen in it."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    for name in ("heard_at", "heard_since"):
        op.add_column("queue", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it back."""
    for name in ("heard_since", "heard_at"):
        op.drop_column("queue", name)
