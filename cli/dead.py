"""`drumroll dead`: commands that could not be decided and wait for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import ObstacleError
from cli.reach import reach
from store import database, dead
from store.dead import Retried

dead_app = typer.Typer(no_args_is_help=True, help="Commands that could not be decided: list, show, retry, discard.")
CommandId = Annotated[str, typer.Argument(help="The command's id, as `drumroll dead list` shows it.")]
UNREADABLE = "{} was written by a newer version of this program: it stays where it is; retry it from there."


@dead_app.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest first.")] = 50) -> None:
    """List the dead commands, the latest first."""
    console = Console()
    with reach().store() as connection:
        found, count = dead.listed(connection, limit), dead.counted(connection)
    if not found:
        console.print("No command waits for you.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("died", "command", "type", "aggregate", "error"):
        table.add_column(heading, no_wrap=heading in {"died", "command"})
    for one in found:
        table.add_row(_moment(one.died_at), str(one.id), one.type, str(one.aggregate_id or ""), Text(one.error))
    console.print(table)
    if count > len(found):
        console.print(f"{count - len(found):,} more: --limit {count}")


@dead_app.command()
def show(command: CommandId) -> None:
    """Show one dead command: what was asked, when, and why it could not be decided."""
    command_id = _id(command)
    with reach().store() as connection:
        found = dead.shown(connection, command_id)
    if found is None:
        raise _missing(command_id)
    _show(found, Console())


@dead_app.command()
def retry(command: CommandId) -> None:
    """Decide a command again, under its id and as of the moment it first came. Mend the reason first."""
    command_id = _id(command)
    with reach().store() as connection:
        retried = dead.retry(connection, command_id, database.partitions(connection))
    if retried is Retried.MISSING:
        raise _missing(command_id)
    if retried is Retried.UNREADABLE:
        raise ObstacleError(UNREADABLE.format(command_id))
    typer.echo(f"{command_id} is in the log again and will be decided within a second.")
    typer.echo(f"If it cannot be, it comes back: drumroll dead show {command_id}")


@dead_app.command()
def discard(
    command: CommandId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 (an option of the command)
) -> None:
    """Forget a dead command for good: what it asked for will not be done."""
    command_id = _id(command)
    if not yes:
        typer.confirm(f"Forget {command_id}? What it asked for will not be done.", abort=True)
    with reach().store() as connection:
        gone = dead.discard(connection, command_id)
    if not gone:
        raise _missing(command_id)
    typer.echo(f"{command_id} is forgotten. Its sender was answered 500.")


def _show(found: Any, console: Console) -> None:
    facts = {
        "command": found.id,
        "type": found.type,
        "topic": f"{found.topic}, partition {found.part}",
        "tenant": found.tenant_id,
        "aggregate": found.aggregate_id,
        "received": _moment(found.received_at),
        "died": _moment(found.died_at),
        "error": found.error,
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, fact in facts.items():
        table.add_row(name, Text(str(fact)))
    console.print(table)
    console.print_json(data=found.envelope)
    console.print(Text(found.traceback))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ObstacleError(f"{text} is no command's id: `drumroll dead list` shows those that wait.") from None


def _missing(command_id: UUID) -> ObstacleError:
    return ObstacleError(f"No dead command has the id {command_id}: `drumroll dead list` shows those that wait.")
