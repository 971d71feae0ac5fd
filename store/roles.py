"""The roles of the database, and what row level security lets each of them see.

The gateway reads one tenant at a time and can write nothing but rows of the command log; a worker sees the tenants of
its batch; nobody but `maintenance` sees across tenants, and nobody but the owner changes the schema.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from psycopg import sql
from sqlalchemy import Connection, Table

from domain.catalogue import TOPICS

GATEWAY, WORKER, SCHEDULER, MAINTENANCE = (
    "drumroll_gateway",
    "drumroll_worker",
    "drumroll_scheduler",
    "drumroll_maintenance",
)
ROLES = (GATEWAY, WORKER, SCHEDULER, MAINTENANCE)
WITHOUT_POLICIES = frozenset({"command_log", "log_partition", "timer", "dead_command", "ledger_clock", "signing_key"})
_ONE = "tenant_id = (SELECT nullif(current_setting('drumroll.tenant', true), '')::uuid)"
_MANY = (
    "tenant_id = ANY ((SELECT coalesce(nullif(current_setting('drumroll.tenants', true), ''), '{}')::uuid[])::uuid[])"
)
_HIDDEN = {
    "queue": {"server_seed", "frontier", "credit", "credited_at", "idle_at", "heard_at", "heard_since"},
    "draw": {"server_seed", "frontier"},
    "api_key": {"hash"},
    "session": {"refresh_hash", "previous_hash"},
    "outbox": {"recipient", "payload", "raw", "last_error"},
}
_END_FROZEN = f"""
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 170000 THEN
    ALTER ROLE {WORKER} SET transaction_timeout = '5s';
  END IF;
END $$"""
"""A worker that is frozen between two parts of a pipeline is not idle for Postgres, so nothing else would end what it holds.

It stands on the role and not among the options of a connection, because Postgres before 17 refuses what it does not know.
"""
_FUNCTIONS = {
    "journal_outcomes(uuid[])": (GATEWAY, WORKER),
    "resolve_key(text)": (GATEWAY, WORKER),
    "resolve_slug(text)": (GATEWAY, WORKER),
    "waiting_command(uuid)": (GATEWAY, WORKER),
    "draws_awaiting(bigint, int)": (SCHEDULER,),
}


class _Grant(NamedTuple):
    role: str
    what: str
    on: str


_SPINE = (
    _Grant(GATEWAY, "INSERT (topic, part, gateway, ids, tenants, aggregates, n, body)", "command_log"),
    _Grant(
        GATEWAY,
        "SELECT (position, topic, part, appended_at, gateway, ids, tenants, aggregates, n, attempts)",
        "command_log",
    ),
    _Grant(GATEWAY, "SELECT", "log_partition"),
    _Grant(GATEWAY, "SELECT", "ledger_clock"),
    _Grant(
        GATEWAY, "SELECT (kid, purpose, public_jwk, listed_at, signs_from, signs_until, listed_until)", "signing_key"
    ),
    _Grant(WORKER, "SELECT, INSERT, UPDATE, DELETE", "command_log"),
    _Grant(WORKER, "SELECT, UPDATE", "log_partition"),
    _Grant(WORKER, "SELECT, INSERT, UPDATE, DELETE", "timer"),
    _Grant(WORKER, "SELECT, INSERT, DELETE", "dead_command"),
    _Grant(WORKER, "SELECT", "ledger_clock"),
    _Grant(WORKER, "SELECT", "signing_key"),
    _Grant(WORKER, "DELETE", "queue_grant"),
    _Grant(WORKER, "DELETE", "draw_run"),
    _Grant(SCHEDULER, "SELECT, INSERT", "command_log"),
    _Grant(SCHEDULER, "SELECT, UPDATE", "log_partition"),
    _Grant(SCHEDULER, "SELECT, DELETE, UPDATE", "timer"),
    _Grant(SCHEDULER, "SELECT", "ledger_clock"),
)


@dataclass(frozen=True, slots=True)
class RolePasswords:
    """The passwords of the roles, all from one secret."""

    secret: str

    def of(self, role: str) -> str:
        """The password of a role: HMAC-SHA-256 of its name, in hex."""
        return hmac.new(self.secret.encode(), f"drumroll/role/{role}".encode(), hashlib.sha256).hexdigest()

    def url(self, owner_url: str, role: str) -> str:
        """The owner's URL with this role in the owner's place."""
        parts = urlsplit(owner_url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(role)}:{self.of(role)}@{place}"))


def create_roles(connection: Connection, passwords: RolePasswords) -> None:
    """Make the roles that are missing and set their passwords. They own nothing and may not step around policies."""
    present = set(connection.exec_driver_sql("SELECT rolname FROM pg_roles").scalars())
    for role in ROLES:
        verb = "ALTER" if role in present else "CREATE"
        bypass = "BYPASSRLS" if role == MAINTENANCE else "NOBYPASSRLS"
        statement = sql.SQL("{} ROLE {} LOGIN {} PASSWORD {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.SQL(bypass), sql.Literal(passwords.of(role))
        )
        connection.exec_driver_sql(statement.as_string(None))
    connection.exec_driver_sql(_END_FROZEN)


def grant_access(connection: Connection, tables: Iterable[Table], partitions: int) -> None:
    """Give each role what it needs, and policies to every table of tenants."""
    run = connection.exec_driver_sql
    run(f"GRANT USAGE ON SCHEMA public TO {', '.join(ROLES)}")
    run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {MAINTENANCE}")
    run(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {MAINTENANCE}")
    for grant in _SPINE:
        run(f"GRANT {grant.what} ON {grant.on} TO {grant.role}")
    for table in tables:
        if table.name not in WITHOUT_POLICIES:
            _protect(connection, table)
    run(f"CREATE POLICY all_tenants ON outbox FOR ALL TO {SCHEDULER} USING (true)")
    run(f"GRANT SELECT, UPDATE ON outbox TO {SCHEDULER}")
    _own_functions(connection)
    topics = list(TOPICS)
    run(
        "INSERT INTO log_partition (topic, part) SELECT t, p FROM unnest(%s::text[]) t, generate_series(0, "
        "(SELECT coalesce(max(part), %s - 1) FROM log_partition)) p ON CONFLICT DO NOTHING",
        (topics, partitions),
    )


def _protect(connection: Connection, table: Table) -> None:
    run, name = connection.exec_driver_sql, table.name
    run(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    run(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    for policy in ("one", "many", "all_tenants"):
        run(f"DROP POLICY IF EXISTS {policy} ON {name}")
    run(f"CREATE POLICY one ON {name} FOR SELECT TO {GATEWAY} USING ({_ONE})")
    run(f"CREATE POLICY many ON {name} FOR ALL TO {WORKER} USING ({_MANY})")
    run(f"GRANT SELECT, INSERT, UPDATE ON {name} TO {WORKER}")
    seen = [column.name for column in table.columns if column.name not in _HIDDEN.get(name, ())]
    run(f"GRANT SELECT ({', '.join(seen)}) ON {name} TO {GATEWAY}")


def _own_functions(connection: Connection) -> None:
    """The functions that look across tenants run as `maintenance`: a schema owner need not be a superuser."""
    run = connection.exec_driver_sql
    run(f"GRANT {MAINTENANCE} TO CURRENT_USER")
    run(f"GRANT CREATE ON SCHEMA public TO {MAINTENANCE}")
    for function, roles in _FUNCTIONS.items():
        run(f"ALTER FUNCTION {function} OWNER TO {MAINTENANCE}")
        run(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        run(f"GRANT EXECUTE ON FUNCTION {function} TO {', '.join(roles)}")
    run(f"REVOKE CREATE ON SCHEMA public FROM {MAINTENANCE}")
