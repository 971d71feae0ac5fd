"""Draws with several prizes: what entrants prefer, what they won, and how far each prize has come.

Expand first, backfill in a migration of its own, contract last. Every step must let the previous version of the
program go on working, because workers and gateways are replaced one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "prizes"
down_revision = "beacons"

_BEFORE = "Groups that were passed over because they did not fit: first for places that fit."
_SINCE = "Groups that were passed over for a prize because they did not fit: first for places that fit."


def upgrade() -> None:
    """Draws with several prizes."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("draw", sa.Column("lots", postgresql.JSONB(), nullable=True))
    op.add_column("draw_entry", sa.Column("preferences", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("draw_entry", sa.Column("prize", sa.Text(), nullable=True))
    op.add_column("draw_passed", sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("draw_passed", sa.Column("prize", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.drop_constraint("draw_passed_pkey", "draw_passed", type_="primary")
    op.create_primary_key("draw_passed_pkey", "draw_passed", ["tenant_id", "draw_id", "rank", "round"])
    op.create_index(
        "draw_passed_fitting",
        "draw_passed",
        ["tenant_id", "draw_id", "prize", "people", "round", "rank"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.drop_index("draw_passed_open", table_name="draw_passed", postgresql_where=sa.text("open"))
    op.create_table_comment("draw_passed", _SINCE, existing_comment=_BEFORE)


def downgrade() -> None:
    """Take it back."""
    op.create_table_comment("draw_passed", _BEFORE, existing_comment=_SINCE)
    op.create_index(
        "draw_passed_open",
        "draw_passed",
        ["tenant_id", "draw_id", "people", "rank"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.drop_index("draw_passed_fitting", table_name="draw_passed", postgresql_where=sa.text("open"))
    op.drop_constraint("draw_passed_pkey", "draw_passed", type_="primary")
    op.create_primary_key("draw_passed_pkey", "draw_passed", ["tenant_id", "draw_id", "rank"])
    op.drop_column("draw_passed", "prize")
    op.drop_column("draw_passed", "round")
    op.drop_column("draw_entry", "prize")
    op.drop_column("draw_entry", "preferences")
    op.drop_column("draw", "lots")
