"""Connections to Postgres: one engine for each process, bounded, with the limits of its role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from store.lending import lend_good_connections
from store.libpq import PREPARES_NOTHING
from store.pipelined import LOST, Connection

AWAY = (*LOST, OperationalError, PoolTimeout)
"""What is raised where the store is away or too busy: nothing is wrong with what was asked of it."""
NOW = "SELECT ledger_now() AS now"
_SEE_TENANTS = "SELECT set_config('drumroll.tenants', %s, true)"
PARTITIONS = "SELECT count(*) / count(DISTINCT topic) FROM log_partition"
_PLANS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
# A drain whose packet came in part is not idle for Postgres, so that only the network ends it when its host is gone.
_VANISHED = {
    "tcp_user_timeout": "3000",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
_KEEPALIVE = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a role may think: milliseconds for a statement, a lock, and an open transaction that does nothing.

    `generic`: plans are made once per statement, not once per call. A drain sends the same dozen statements for ever, all
    of them by index, and planning them anew was a twelfth of what Postgres did for an enter. A plan outlives the size that
    it was made for, so what is only good for small tables is not considered.
    """

    statement_ms: int
    lock_ms: int
    idle_ms: int
    generic: bool = False

    @property
    def options(self) -> str:
        """The limits as start-up options of a connection."""
        limits = (
            ("statement", self.statement_ms),
            ("lock", self.lock_ms),
            ("idle_in_transaction_session", self.idle_ms),
        )
        settings = {f"{name}_timeout": str(value) for name, value in limits} | (_PLANS if self.generic else {})
        settings |= _VANISHED
        return " ".join(f"-c {name}={value}" for name, value in settings.items())


GATEWAY = Limits(2_000, 500, 2_000)
WORKER = Limits(5_000, 1_000, 2_000, generic=True)
OPERATOR = Limits(0, 5_000, 0)


def engine(url: str, limits: Limits, *, pool: int) -> Engine:
    """An engine of at most `pool` connections, READ COMMITTED: correctness comes from the partition lock, not from a snapshot.

    `url` is read by libpq, so that it may name several hosts and which of them is meant (`target_session_attrs`).
    """
    made = create_engine(
        "postgresql+psycopg://",
        pool_size=pool, max_overflow=0, pool_timeout=5, isolation_level="READ COMMITTED",
        connect_args=conninfo_to_dict(url) | _KEEPALIVE | PREPARES_NOTHING | {"options": limits.options},
    )  # fmt: skip
    lend_good_connections(made)
    return made


def place_of(url: str) -> str:
    """Where a URL leads, to one host or several, without its password."""
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    return f"{parts.username or ''}@{','.join(host if ':' in host else f'{host}:5432' for host in hosts)}{parts.path}"


def see_tenants(connection: Connection, tenants: Iterable[UUID]) -> None:
    """Let row level security show these tenants, and no others, until the transaction ends."""
    listed = "{" + ",".join(str(tenant) for tenant in tenants) + "}"
    connection.exec_driver_sql(_SEE_TENANTS, (listed,))


def ledger_now(connection: Connection) -> datetime:
    """The ledger's time: the only clock that decides anything."""
    moment: datetime = connection.exec_driver_sql(NOW).scalar_one()
    return moment


def partitions(connection: Connection) -> int:
    """How many partitions each topic has: fixed when the store was made."""
    counted: int = connection.exec_driver_sql(PARTITIONS).scalar_one()
    return counted
