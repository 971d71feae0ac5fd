"""`drumroll migrate, gateway, worker, scheduler, settings`: each process of the Procfile on its own, for production."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from cli.errors import ObstacleError
from cli.processes import PROCESSES, WORKERS, Process
from cli.system.preparing import check_server, connected, ensure_database, prepare
from cli.system.state import key_encryption_bytes
from runtime.settings import Settings
from store.database import place_of
from store.roles import MAINTENANCE, RolePasswords

ROLE_SECRET = (
    "From it the passwords of the database roles are made. For `drumroll migrate` and `drumroll settings` only."  # noqa: S105 (a description)
)


def migrate() -> None:
    """Bring the store up to date: the release step of a deploy.

    Makes the database where it is missing, the schema, the roles and, with KEY_ENCRYPTION_KEY, the first signing keys.
    Needs the owner's DATABASE_URL, and ROLE_SECRET.
    """
    chosen, secret = present_settings(), os.environ.get("ROLE_SECRET")
    if not secret:
        raise ObstacleError(
            "ROLE_SECRET is not set: it makes the roles' passwords. Make one with `openssl rand -hex 32`, and keep it."
        )
    sealing = chosen.key_encryption_key.get_secret_value()
    ensure_database(chosen.database_url)
    for sentence in check_server(chosen.database_url, unsafe_allowed=chosen.allow_unsafe_store):
        typer.echo(sentence, err=True)
    with connected(chosen.database_url) as connection:
        missing = prepare(connection, RolePasswords(secret), key_encryption_bytes(sealing) if sealing else None)
    typer.echo(f"The store at {place_of(chosen.database_url)} is up to date.")
    if missing:
        typer.echo(
            f"It has no key that signs {' and '.join(missing)} tokens: migrate with KEY_ENCRYPTION_KEY set, or run "
            "`drumroll signing-keys rotate`, before workers start.",
            err=True,
        )


def gateway() -> None:
    """Serve the HTTP APIs: the `web` process.

    Needs the gateway role's DATABASE_URL, REDIS_URL and GATEWAY_SECRET. It is never given KEY_ENCRYPTION_KEY.
    """
    become(PROCESSES["web"])


def worker(name: Annotated[str, typer.Argument(help=f"One of {', '.join(WORKERS)}.")]) -> None:
    """Run one worker of the Procfile under dramatiq.

    Needs its role's DATABASE_URL, REDIS_URL and KEY_ENCRYPTION_KEY (mail: SMTP_URL). It is never given GATEWAY_SECRET.
    """
    if name not in WORKERS:
        raise ObstacleError(f"There is no worker {name}: the Procfile has {', '.join(WORKERS)}.")
    become(PROCESSES[name])


def scheduler() -> None:
    """Fire timers, sweep, clear; run two or more.

    Needs the scheduler role's DATABASE_URL, REDIS_URL and, to clear what is past its term, MAINTENANCE_DATABASE_URL.
    """
    become(PROCESSES["scheduler"])


def become(process: Process) -> None:
    """Turn into a process of the Procfile, once what it needs is set. It looks at its servers itself."""
    chosen = present_settings()
    _check_given(process, os.environ)
    environment = process.environment(os.environ, chosen.worker_threads)
    command = process.command(chosen.worker_threads)
    os.execve(command[0], command, environment)  # noqa: S606 (the project's own program, without a shell)


def settings(
    of: Annotated[
        str, typer.Option(help="Print the private settings of this process instead, for its environment.")
    ] = "",
) -> None:
    """Show every setting with its meaning.

    With --of PROCESS, print what is private to a process instead, for its environment: made from the owner's
    DATABASE_URL and ROLE_SECRET.
    """
    if of:
        _show_environment(of)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "default", "meaning"):
        table.add_column(heading)
    for name, field in Settings.model_fields.items():
        default = (
            ""
            if name in {"gateway_secret", "key_encryption_key"}
            else str(field.default if field.default is not None else "")
        )
        table.add_row(name.upper(), default, field.description)
    table.add_row("ROLE_SECRET", "", ROLE_SECRET)
    table.add_row(
        "DRUMROLL_STATE", ".drumroll", "The folder of a local installation: `drumroll up` and `drumroll demo`."
    )
    Console().print(table)


def present_settings() -> Settings:
    """The settings of this process's environment. ObstacleError, with the setting, when one is malformed."""
    try:
        return Settings()
    except ValidationError as wrong:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in wrong.errors())
        raise ObstacleError(
            f"The settings cannot be read: {faults}. `drumroll settings` says what each means."
        ) from None


def _check_given(process: Process, environment: Mapping[str, str]) -> None:
    needed = ("DATABASE_URL", *sorted(process.private - {"MAINTENANCE_DATABASE_URL"} - _optional(process)))
    missing = [name for name in needed if not environment.get(name)]
    if missing:
        raise ObstacleError(
            f"The process {process.name} needs {' and '.join(missing)}. `drumroll settings --of {process.name}` prints the "
            "URL of its role, and `drumroll settings` what each setting means."
        )
    if "KEY_ENCRYPTION_KEY" in process.private:
        key_encryption_bytes(environment["KEY_ENCRYPTION_KEY"])


def _optional(process: Process) -> frozenset[str]:
    """The scheduler rings for mail where there is any, a gateway reads from a replica where there is one."""
    return frozenset({"SMTP_URL", "READS_DATABASE_URL"}) if process.module is None else frozenset()


def _show_environment(name: str) -> None:
    if name not in PROCESSES:
        raise ObstacleError(f"There is no process {name}: the Procfile has {', '.join(PROCESSES)}.")
    owner, secret = os.environ.get("DATABASE_URL"), os.environ.get("ROLE_SECRET")
    if not owner or not secret:
        raise ObstacleError("Set DATABASE_URL to the owner's and ROLE_SECRET to what `drumroll migrate` was run with.")
    process, passwords = PROCESSES[name], RolePasswords(secret)
    typer.echo(f"DATABASE_URL={passwords.url(owner, process.role)}")
    if "MAINTENANCE_DATABASE_URL" in process.private:
        typer.echo(f"MAINTENANCE_DATABASE_URL={passwords.url(owner, MAINTENANCE)}")
    for setting in sorted(process.private - {"MAINTENANCE_DATABASE_URL"}):
        typer.echo(f"{setting}={os.environ.get(setting, '')}")
