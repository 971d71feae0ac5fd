"""A draw knows which round of the public beacon it waits for, and what it gave; a scheduler may ask which draws wait.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "beacons"
down_revision = "draws"

AWAITED = "beacon_round IS NOT NULL AND beacon_randomness IS NULL AND ended IS NULL AND NOT archived"
DRAWS_AWAITING = f"""
CREATE FUNCTION draws_awaiting(latest bigint, most int)
RETURNS TABLE (tenant_id uuid, draw_id uuid, round bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT d.tenant_id, d.id, d.beacon_round FROM draw d
  WHERE {AWAITED} AND d.beacon_round <= latest ORDER BY d.beacon_round DESC LIMIT most
$$"""
_COLUMNS = (
    ("beacon_round", sa.BigInteger()),
    ("beacon_randomness", sa.LargeBinary()),
    ("beacon_signature", sa.LargeBinary()),
    ("waiting_for", sa.Text()),
)


def upgrade() -> None:
    """A draw knows the round that it waits for."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    for name, kind in _COLUMNS:
        op.add_column("draw", sa.Column(name, kind, nullable=True))
    op.create_index("draw_awaiting", "draw", ["beacon_round"], unique=False, postgresql_where=sa.text(AWAITED))
    op.execute(DRAWS_AWAITING)


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP FUNCTION draws_awaiting")
    op.drop_index("draw_awaiting", table_name="draw", postgresql_where=sa.text(AWAITED))
    for name, _ in reversed(_COLUMNS):
        op.drop_column("draw", name)
