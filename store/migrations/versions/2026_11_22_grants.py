"""Live grants get a table of their own, so that to give one changes no index of the long table of participations.

Everything that a grant changes in a participation then stands on the page it stood on before (a heap-only tuple): of the
five index pages that one in a long line cost, none is left. `live` says what an index may not ask of `status` any more.

A participation's table is written anew under a lock, and a version of the program that does not know this table must not
run beside one that does: no such version was released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "grants"
down_revision = "statistics"

_LIVE = "status IN ('QUEUED', 'GRANTED')"
_ROOM = 85
"""Per cent of a page that enters fill: the rest is for what becomes of those who entered."""
_BACKFILL = """
INSERT INTO queue_grant (tenant_id, id, queue_id, ticket, granted_at, expires_at)
SELECT tenant_id, id, queue_id, ticket, granted_at, expires_at FROM queue_entry WHERE status = 'GRANTED'"""


def upgrade() -> None:
    """Live grants get a table of their own."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "queue_grant",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("queue_id", sa.UUID(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("queue_grant_pkey")),
        comment="Live grants in the order in which they were given and in which they end, under the ids of the participations.",
    )
    op.create_index("queue_grant_ends", "queue_grant", ["tenant_id", "queue_id", "expires_at", "ticket"])
    op.create_index("queue_grant_given", "queue_grant", ["tenant_id", "queue_id", "granted_at", "id"])
    op.execute("LOCK TABLE queue_entry IN ACCESS EXCLUSIVE MODE")  # because no grant may come or go meanwhile
    op.execute(_BACKFILL)
    op.drop_index("queue_entry_live", table_name="queue_entry")
    op.drop_index("queue_entry_lapses", table_name="queue_entry")
    op.drop_index("queue_entry_unseen", table_name="queue_entry")
    op.execute(f"ALTER TABLE queue_entry SET (fillfactor = {_ROOM})")
    op.add_column("queue_entry", sa.Column("live", sa.Boolean(), sa.Computed(_LIVE, persisted=True), nullable=True))
    _index("live", "consumer_id", "live", unique=True)
    _index("unseen", "seen_at", "live AND seen_at IS NOT NULL")


def downgrade() -> None:
    """Take it back."""
    op.drop_index("queue_entry_live", table_name="queue_entry")
    op.drop_index("queue_entry_unseen", table_name="queue_entry")
    op.drop_column("queue_entry", "live")
    op.execute("ALTER TABLE queue_entry RESET (fillfactor)")
    _index("live", "consumer_id", _LIVE, unique=True)
    _index("lapses", "expires_at", "status = 'GRANTED'")
    _index("unseen", "seen_at", "status = 'QUEUED' AND seen_at IS NOT NULL")
    op.drop_table("queue_grant")


def _index(name: str, column: str, where: str, *, unique: bool = False) -> None:
    columns = ["tenant_id", "queue_id", column]
    op.create_index(
        f"queue_entry_{name}", "queue_entry", columns, unique=unique, postgresql_where=sa.text(where)
    )
