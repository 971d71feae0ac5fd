"""The spine: command log, journal, timers, outbox, dead commands and the ledger's clock."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from store.tables.base import identity, metadata, moment, tenant

log_partition = Table(
    "log_partition",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("strikes", Integer, nullable=False, server_default=text("0")),
    moment("rung_at"),
    moment("last_at"),
    postgresql_with={"fillfactor": "50"},
    comment="One row for each partition of each topic: whoever holds its lock is the only writer of its aggregates.",
)

command_log = Table(
    "command_log",
    metadata,
    Column("position", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("appended_at", DateTime(timezone=True), nullable=False, server_default=func.ledger_now()),
    Column("gateway", Text, nullable=False),
    Column("ids", ARRAY(UUID), nullable=False),
    Column("tenants", ARRAY(UUID), nullable=False),
    Column("aggregates", ARRAY(UUID), nullable=False),
    Column("n", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("body", LargeBinary, nullable=False),
    CheckConstraint("n > 0", name="n"),
    Index("command_log_head", "topic", "part", "position"),
    comment="Commands that wait to be decided, a batch a row. An empty log is a healthy log.",
)

journal = Table(
    "journal",
    metadata,
    tenant(),
    identity("aggregate_id"),
    Column("seq", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("topic", Text, nullable=False),
    moment("at", nullable=False),
    Column("command_ids", ARRAY(UUID), nullable=False),
    Column("changed", ARRAY(UUID), nullable=False),
    Column("events", JSON, nullable=False),
    Column("replies", JSON),
    Index("journal_command_ids", "command_ids", postgresql_using="gin"),
    Index("journal_unblanked", "at", postgresql_where=text("replies IS NOT NULL")),
    comment="What was decided: one permanent row for each aggregate and drain. Replies are blanked after a day.",
)

timer = Table(
    "timer",
    metadata,
    identity("aggregate_id"),
    Column("purpose", Text, primary_key=True),
    Column("tenant_id", UUID, nullable=False),
    Column("topic", Text, nullable=False),
    Column("generation", Integer, nullable=False, server_default=text("1")),
    moment("due_at", nullable=False),
    Column("type", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("body", JSON, nullable=False),
    Index("timer_due_at", "due_at"),
    comment="Promises with a date: one for each aggregate and purpose.",
)

dead_command = Table(
    "dead_command",
    metadata,
    identity("id"),
    Column("tenant_id", UUID, nullable=False),
    Column("topic", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("aggregate_id", UUID),
    Column("type", Text, nullable=False),
    Column("envelope", JSON, nullable=False),
    moment("died_at", nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("error", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Index("dead_command_died_at", "died_at"),
    comment="Commands that could not be decided, for the operator.",
)

outbox = Table(
    "outbox",
    metadata,
    tenant(),
    identity(),
    Column("kind", Text, nullable=False),
    Column("dedupe_key", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("raw", LargeBinary),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("unknowns", Integer, nullable=False, server_default=text("0")),
    moment("created_at", nullable=False),
    moment("next_at"),
    moment("lease_until"),
    moment("expires_at", nullable=False),
    Column("last_error", Text),
    UniqueConstraint("tenant_id", "dedupe_key"),
    CheckConstraint("state IN ('pending', 'sending', 'sent', 'deferred', 'unknown', 'bounced', 'dead')", name="state"),
    Index("outbox_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    comment="What is owed to the outside world, written with the decision that owes it.",
)

ledger_clock = Table(
    "ledger_clock",
    metadata,
    Column("row", SmallInteger, primary_key=True, server_default=text("1")),
    Column("ahead", Interval, nullable=False, server_default=text("'0'")),
    CheckConstraint('"row" = 1', name="row"),
    comment="How far the ledger's clock runs ahead: zero, but in test installations.",
)
