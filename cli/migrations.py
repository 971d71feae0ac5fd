"""`drumroll migrations`: for those who change the tables."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from cli.errors import FAILED
from cli.system.preparing import connected
from runtime.embedded import EmbeddedPostgres
from runtime.embedded.state import shared_folder
from store.migrations.check import differences
from store.migrations.run import migrate, revise
from store.roles import RolePasswords

app = typer.Typer(no_args_is_help=True, help="Migrations, tried on a Postgres that is thrown away: check, revise.")


@app.command()
def check() -> None:
    """Migrate an empty store and compare it with the tables; the exit status is 1 when they differ."""
    with _empty_store() as connection:
        found = differences(connection)
    for difference in found:
        typer.echo(difference, err=True)
    if found:
        typer.echo("The migrations do not make these tables: write one with `drumroll migrations revise`.", err=True)
        raise typer.Exit(FAILED)
    typer.echo("The migrations make the tables that the code describes.")


@app.command("revise")
def revise_(message: Annotated[str, typer.Argument(help="What changes, in a few words.")]) -> None:
    """Write a migration from the difference between the tables and what the migrations make."""
    with _empty_store() as connection:
        migrate(connection, RolePasswords("of a store that is not kept"))
        revise(connection, message)


@contextmanager
def _empty_store() -> Iterator[Connection]:
    state = Path(tempfile.mkdtemp(prefix="drumroll-migrations-", dir=shared_folder()))
    state.chmod(0o711)
    server = EmbeddedPostgres(state)
    try:
        server.start()
        with connected(server.url) as connection:
            yield connection
    finally:
        server.stop()
        shutil.rmtree(state)
