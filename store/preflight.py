"""What the ledger stands on, asked once when a process starts: how Postgres keeps what it is told, and what the role may see.

Nothing is assumed: a server that does not keep its commits, or a role that sees every tenant, looks like any other until
the day it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row

from domain.catalogue import TOPICS
from store.database import Limits, place_of
from store.roles import WITHOUT_POLICIES
from store.tables import metadata

UNREACHABLE: Final = psycopg.OperationalError
"""What is raised where Postgres cannot be asked: it may be there in a moment, and nothing is wrong with it."""

_SETTINGS: Final = (
    "fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names", "data_sync_retry", "autovacuum",
    "client_connection_check_interval", "statement_timeout", "idle_in_transaction_session_timeout",
)  # fmt: skip
_SERVER: Final = """
SELECT clock_timestamp(), current_user::text, (SELECT jsonb_object_agg(n, current_setting(n, true)) FROM unnest(%s::text[]) n),
  (SELECT setting::int FROM pg_settings WHERE name = 'autovacuum_naptime')"""
_ROLE: Final = """
SELECT r.rolsuper, r.rolbypassrls,
  ARRAY(SELECT rolname::text FROM pg_roles p WHERE (p.rolsuper OR p.rolbypassrls) AND p.oid <> r.oid
    AND pg_has_role(r.oid, p.oid, 'MEMBER')),
  (SELECT jsonb_object_agg(topic, n) FROM (SELECT topic, count(*) AS n FROM log_partition GROUP BY topic) AS parts),
  EXISTS (SELECT FROM log_partition GROUP BY topic HAVING max(part) + 1 <> count(*)),
  ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND relname = ANY(%(all)s) AND pg_has_role(r.oid, relowner, 'MEMBER')),
  ARRAY(SELECT t FROM unnest(%(walled)s::text[]) t
    LEFT JOIN pg_class c ON c.relname = t AND c.relnamespace = 'public'::regnamespace
    WHERE NOT coalesce(c.relrowsecurity AND c.relforcerowsecurity, false)),
  ARRAY(SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%(walled)s)
    AND has_any_column_privilege(r.oid, c.oid, 'SELECT')
    AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND r.oid = ANY(p.polroles))),
  ARRAY(SELECT DISTINCT relname::text FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%(walled)s) AND 0 = ANY(p.polroles)),
  ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%(all)s)
    AND relpersistence <> 'p')
FROM pg_roles r WHERE r.rolname = current_user"""
_SEES_ALL: Final = "SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user"
_BLIND: Final = (
    "The role of MAINTENANCE_DATABASE_URL lacks BYPASSRLS: nothing would be cleared. Give the scheduler the URL that `drumroll "
    "settings --of scheduler` prints."
)
_SHUT_OUT: Final = re.compile(r'password authentication failed|(role|database) "[^"]*" does not exist')
"""What a server says that is there and will not have a role: while a connection is made, the driver knows no code for it."""
_ALL: Final = sorted(metadata.tables)
_WALLED: Final = [name for name in _ALL if name not in WITHOUT_POLICIES]
_LONGEST_NAP: Final = 30


class RoleGrants(NamedTuple):
    """What a role may do that it should not, and what of the store is not as it should be.

    `powers` are roles without walls that it may become, `owned` tables that it may alter, `open` those whose walls are not
    forced, `closed` those it has no policy on, `public` those on which everybody has one, `unlogged` those that a crash empties.
    """

    superuser: bool
    bypasses: bool
    powers: Sequence[str]
    partitions: Mapping[str, int]
    gap: bool
    owned: Sequence[str]
    open: Sequence[str]
    closed: Sequence[str]
    public: Sequence[str]
    unlogged: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found, in sentences that say what to set.

    `unsafe`: why a commit that was acknowledged may be lost. `wrong`: what breaks a promise in whatever installation. For
    either a process should not start. `warnings`: what costs something and breaks nothing. `now` is the server's clock, and
    `unreachable` why nothing could be asked.
    """

    now: datetime | None = None
    unsafe: Sequence[str] = ()
    wrong: Sequence[str] = ()
    warnings: Sequence[str] = ()
    unreachable: str = ""


def of_server(url: str) -> Preflight:
    """How the server keeps what it is told: for the owner, who may do everything. UNREACHABLE when it cannot be asked."""
    with psycopg.connect(url, connect_timeout=2, row_factory=tuple_row) as connection:
        return _found(connection, None)


def of_role(url: str, limits: Limits) -> Preflight:
    """The same, and what the role of this URL may see and do; raises nothing for a server that cannot be asked."""
    try:
        with psycopg.connect(url, connect_timeout=2, options=limits.options, row_factory=tuple_row) as connection:
            return _of_role(connection)
    except UNREACHABLE as failure:
        if said := shut_out(failure, url):
            return Preflight(wrong=[said])
        return Preflight(unreachable=" ".join(str(failure).split()))


def shut_out(failure: BaseException | None, url: str) -> str | None:
    """What to do where Postgres is there and does not let the role of this URL in; None when something else failed."""
    found = _SHUT_OUT.search(str(failure))
    return found and (
        f"Postgres does not let {place_of(url)} in ({found[0]}): the role is missing or has another password, or the store was "
        "never made. Run `drumroll migrate` with the same ROLE_SECRET that DATABASE_URL was made with (`drumroll settings --of "
        "PROCESS` prints it)."
    )


def of_replica(url: str, replica: str | None) -> list[str]:
    """Why this replica, if any, should not be read from: it has its primary's roles, so the same one sees the same there."""
    if replica is None:
        return []
    role, other = (conninfo_to_dict(one).get("user") for one in (url, replica))
    return [] if role == other else [f"READS_DATABASE_URL names the role {other}: name {role}, as DATABASE_URL does."]


def warnings_of_maintenance(url: str) -> list[str]:
    """What there is to say when the role of maintenance does not step around policies, as it must, or cannot be asked."""
    try:
        with psycopg.connect(url, connect_timeout=2, row_factory=tuple_row) as connection:
            found = connection.execute(_SEES_ALL).fetchone()
    except UNREACHABLE as failure:
        return [f"MAINTENANCE_DATABASE_URL does not lead to a store that answers ({type(failure).__name__})."]
    return [] if found and found[0] else [_BLIND]


def _of_role(connection: psycopg.Connection[Any]) -> Preflight:
    try:
        found = connection.execute(_ROLE, {"all": _ALL, "walled": _WALLED}).fetchone()
    except psycopg.ProgrammingError as refusal:
        not_migrated = (
            f"The store cannot be read as {connection.info.user} ({str(refusal).splitlines()[0]}): run `drumroll migrate` "
            "under its owner, and give this process the URL that `drumroll settings --of` prints."
        )
        return Preflight(wrong=[not_migrated])
    return _found(connection, RoleGrants(*found) if found else None)


def _found(connection: psycopg.Connection[Any], grants: RoleGrants | None) -> Preflight:
    found = connection.execute(_SERVER, (list(_SETTINGS),)).fetchone()
    assert found is not None  # noqa: S101 (narrows the type; the statement selects one row)
    now, role, settings, nap_seconds = found
    wrong = [] if grants is None else list(_wrong(grants, role))
    warnings = _warnings(settings, nap_seconds, limited=grants is not None)
    return Preflight(now, list(_unsafe(settings, role)), wrong, list(warnings))


def _unsafe(settings: Mapping[str, str | None], role: str) -> Iterator[str]:
    if settings["fsync"] == "off":
        yield (
            "Postgres runs with fsync = off: what was acknowledged is lost, and the store may be damaged, when the machine "
            "fails. Set fsync = on in postgresql.conf and reload it."
        )
    if settings["full_page_writes"] == "off":
        yield (
            "Postgres runs with full_page_writes = off: a page that was half written when the machine failed cannot be mended. "
            "Set full_page_writes = on in postgresql.conf and reload it."
        )
    if settings["synchronous_commit"] == "off":
        yield (
            f"Postgres commits with synchronous_commit = off for {role}: a commit is acknowledged before it is on disk, and the "
            f"last ones are lost in a crash. Set synchronous_commit = on (it may also stand on the role, ALTER ROLE {role} "
            "RESET synchronous_commit, or on the database)."
        )


def _wrong(grants: RoleGrants, role: str) -> Iterator[str]:
    ours = "Give this process the URL that `drumroll settings --of` prints."
    if grants.superuser or grants.bypasses:
        what = "is a superuser" if grants.superuser else "has BYPASSRLS"
        yield f"The role {role} {what}: row level security does not bind it, and it would see every tenant. {ours}"
    elif grants.powers:
        yield (
            f"The role {role} belongs to {_listed(grants.powers)}: it may become who is not bound by row level security. {ours}"
        )
    elif grants.owned:
        yield f"The role {role} owns {_listed(grants.owned)}, or belongs to who does: it may take the walls down. {ours}"
    if grants.open:
        yield (
            f"Row level security is not forced on {_listed(grants.open)}: tenants would see each other. Run `drumroll "
            "migrate` under the owner."
        )
    if grants.public:
        yield (
            f"A policy on {_listed(grants.public)} lets every role through: tenants would see each other. Drop the policies TO "
            "PUBLIC; `drumroll migrate` makes none."
        )
    if grants.unlogged:
        yield (
            f"{_listed(grants.unlogged)}: UNLOGGED, so that what was acknowledged is gone after a crash. `drumroll migrate` "
            "makes none so; run ALTER TABLE ... SET LOGGED under the owner."
        )
    if grants.closed and not (grants.superuser or grants.powers):
        yield f"The role {role} has no policy on {_listed(grants.closed)}: it would see nothing. Run `drumroll migrate`."
    counts = {topic: grants.partitions.get(topic, 0) if grants.partitions else 0 for topic in TOPICS}
    if grants.gap or len(set(counts.values())) > 1 or not all(counts.values()):
        told = ", ".join(f"{topic} {count}" for topic, count in counts.items())
        yield (
            f"The topics have different numbers of partitions, or one in their midst is missing ({told}): a command would wait "
            "where nobody looks. Run `drumroll migrate`; if that does not mend it, restore the missing rows of log_partition."
        )


def _warnings(settings: Mapping[str, str | None], nap_seconds: int, *, limited: bool) -> Iterator[str]:
    if settings["synchronous_standby_names"] and settings["synchronous_commit"] in {"local", "remote_write"}:
        yield (
            f"synchronous_commit = {settings['synchronous_commit']} does not wait until a standby has kept a commit: the loss of "
            "the primary loses what was acknowledged. Set synchronous_commit = on."
        )
    if settings["data_sync_retry"] == "on":
        yield "data_sync_retry = on believes a disk that has failed to write once. Set data_sync_retry = off."
    if settings["client_connection_check_interval"] == "0":
        yield (
            "client_connection_check_interval = 0: what a vanished client holds is freed late. Set "
            "client_connection_check_interval = 1s."
        )
    if settings["autovacuum"] == "off" or nap_seconds > _LONGEST_NAP:
        yield (
            "command_log is emptied all the time and is vacuumed too seldom: every drain slows down. Set autovacuum = on and "
            "autovacuum_naptime = 10s."
        )
    if limited and "0" in {settings["statement_timeout"], settings["idle_in_transaction_session_timeout"]}:
        yield (
            "The limits for statements and idle transactions, which every connection asks for, are ignored: a frozen process "
            "would keep its partition. Let the pooler pass on `options`, or set both timeouts on the role (docs/operations.md)."
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names))
