"""The grants of a queue are found in the order in which they were given, without reading all of them.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "given"
down_revision = "statistics"


def upgrade() -> None:
    """The grants of a queue are found in the order in which they were given."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_index(
        "queue_entry_given",
        "queue_entry",
        ["tenant_id", "queue_id", "granted_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'GRANTED'"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("queue_entry_given", table_name="queue_entry")
