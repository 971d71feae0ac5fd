"""A gateway may ask who sent a command that waits, and of which type it is.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

from alembic import op

revision = "operations"
down_revision = "completions"

WAITING_COMMAND = """
CREATE FUNCTION waiting_command(wanted uuid)
RETURNS TABLE (appended_at timestamptz, aggregate_id uuid, type text, actor_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT l.appended_at, l.aggregates[p.place], c.envelope ->> 1, (c.envelope ->> 5)::uuid
  FROM command_log l
  CROSS JOIN LATERAL (SELECT array_position(l.ids, wanted) AS place) p
  CROSS JOIN LATERAL (SELECT convert_from(l.body, 'UTF8')::json -> (p.place - 1) AS envelope) c
  WHERE l.ids @> ARRAY[wanted] AND l.tenants[p.place] = nullif(current_setting('drumroll.tenant', true), '')::uuid
  LIMIT 1
$$"""


def upgrade() -> None:
    """A gateway may ask who sent a command that waits, and of which type it is."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(WAITING_COMMAND)


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP FUNCTION waiting_command")
