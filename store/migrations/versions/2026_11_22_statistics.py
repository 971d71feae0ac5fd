"""A store that nobody used yet knows what people and participations will look like, so that its first plans are good ones.

Postgres plans without statistics until autovacuum has looked at a table for the first time. Every index then seems as
good as any other, and the workers keep the plan that they made while the table was empty: each load of a person read
the whole line. Statistics outlive the rows they were made of.
"""

from __future__ import annotations

from alembic import op

revision = "statistics"
down_revision = "key_use"

# By size and not by counting rows, because row level security hides them from an owner who is not a superuser.
_UNUSED = """
SELECT bool_and(pg_relation_size(oid) = 0 AND NOT relforcerowsecurity) FROM pg_class
WHERE oid IN ('consumer'::regclass, 'session'::regclass, 'queue_entry'::regclass)"""
_CONSUMERS = """
INSERT INTO consumer (tenant_id, id, created_at)
SELECT md5('tenant' || nth % 2)::uuid, md5('consumer' || nth)::uuid, ledger_now() + nth * interval '1 millisecond'
FROM generate_series(1, 2000) AS nth"""
_SESSIONS = """
INSERT INTO session (tenant_id, id, consumer_id, refresh_hash, created_at, expires_at)
SELECT tenant_id, md5('session' || id)::uuid, id, md5(id::text), created_at, created_at + interval '30 days' FROM consumer"""
_ENTRIES = """
INSERT INTO queue_entry
    (tenant_id, id, queue_id, consumer_id, ticket, first_ticket, entered_at, received_at, status, quantity, version,
     grant_id, granted_at, expires_at, validations, out_of_turn, requeues, seen_at)
SELECT md5('tenant' || nth % 2)::uuid, md5('entry' || nth)::uuid, md5('queue' || nth % 4)::uuid,
    md5('consumer' || nth)::uuid, nth, nth, at, at, CASE WHEN inside THEN 'GRANTED' ELSE 'QUEUED' END, 1, 1,
    CASE WHEN inside THEN md5('grant' || nth)::uuid END, CASE WHEN inside THEN at END,
    CASE WHEN inside THEN at + interval '10 minutes' END, 0, false, 0, at
FROM generate_series(1, 2000) AS nth,
    LATERAL (SELECT ledger_now() + nth * interval '1 millisecond' AS at, nth % 10 < 3 AS inside) AS one"""


def upgrade() -> None:
    """Look at examples, and take them away again."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    bind = op.get_bind()
    if not bind.exec_driver_sql(_UNUSED).scalar():
        return
    op.execute("LOCK TABLE consumer, session, queue_entry IN ACCESS EXCLUSIVE MODE")
    if bind.exec_driver_sql(_UNUSED).scalar():  # again, because somebody may have come before the lock
        for examples in (_CONSUMERS, _SESSIONS, _ENTRIES):
            op.execute(examples)
        op.execute("ANALYZE consumer, session, queue_entry")
        with bind.begin_nested():  # because a table made in this very transaction would be emptied in place
            op.execute("TRUNCATE consumer, session, queue_entry")


def downgrade() -> None:
    """Nothing to take back: statistics are Postgres's own."""
