"""`drumroll up`: the whole system on printed addresses with printed keys, until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from cli.errors import INTERRUPTED, ObstacleError
from cli.installation import Installation
from cli.local import KEYS, local_keys
from cli.organizations import pairs_table
from cli.running import running, shape_of
from cli.status import StatusLine
from cli.system.shape import LOOPBACK, Shape
from cli.system.state import StateFolder
from runtime.embedded import default_state_folder


def up(
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="The first gateway's; the next free one when it is taken.")
    ] = 8080,
    host: Annotated[str, typer.Option(help="The address that gateways listen on.")] = LOOPBACK,
    gateways: Annotated[int, typer.Option(min=1, max=64, help="How many gateways.")] = 1,
    reset: Annotated[bool, typer.Option("--reset", help="Forget everything that was kept, first.")] = False,  # noqa: FBT002 (an option of the command)
) -> None:
    """Keep the whole system running on printed addresses with printed keys, until Ctrl-C.

    Everything is kept in a state folder (DRUMROLL_STATE, else .drumroll). DATABASE_URL (of an owner) and REDIS_URL name
    servers of your own instead of embedded ones.
    """
    console, shape, came_up = Console(highlight=False), shape_of({"web": gateways}, host=host, port=port), False
    if reset:
        _reset(shape)
    try:
        with running(shape, console) as (system, _):
            came_up = True
            _announce(system, console)
            StatusLine(system, console).show_on()
    except KeyboardInterrupt:
        raise typer.Exit(0 if came_up else INTERRUPTED) from None


def _announce(system: Installation, console: Console) -> None:
    """Say where it is and with which keys it is used."""
    for url in system.urls:
        console.print(f"Consumer API {url}/consumer/api/v1\nAdmin API    {url}/admin/api/v1", soft_wrap=True)
    console.print("Metrics")
    for name, url in system.metrics.items():
        console.print(f"  {name:<14} {url}", soft_wrap=True)
    keys, place = local_keys(system), system.state / KEYS
    if keys.fresh:
        console.print(pairs_table(keys.pairs))
        console.print(
            f"The secret keys are shown this once. For use on this machine they are kept in {place}.", soft_wrap=True
        )
    else:
        for mode, pair in keys.pairs.items():
            console.print(f"{mode} publishable {pair.publishable}")
        console.print(f"The secret keys are in {place}.", soft_wrap=True)
    console.print("Send a crowd to it from another terminal: drumroll crowd")


def _reset(shape: Shape) -> None:
    if shape.database_url:
        raise ObstacleError(
            "DATABASE_URL names a server of your own: drop the database there, then start without --reset."
        )
    StateFolder(default_state_folder()).reset()
