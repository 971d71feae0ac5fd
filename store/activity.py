"""What else the store is asked for at this moment."""

from __future__ import annotations

from store.pipelined import Connection

_OTHERS = """
SELECT EXISTS (
  SELECT FROM pg_stat_activity
  WHERE usename = current_user AND pid <> pg_backend_pid() AND state <> 'idle' AND wait_event_type IS DISTINCT FROM 'Lock')"""


def others_at_work(connection: Connection) -> bool:
    """Whether another worker has a transaction open just now and is not merely waiting for somebody to end one.

    A sample: true more often the busier the others are. It is taken once in a transaction.
    """
    return bool(connection.exec_driver_sql(_OTHERS).scalar())
