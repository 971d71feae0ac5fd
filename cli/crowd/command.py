"""`drumroll crowd`: sends a crowd to a running installation, shows it, reports, and says whether the facts hold."""

from __future__ import annotations

import asyncio
import secrets
import signal
from random import Random
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from cli.crowd.display import screen_for
from cli.crowd.limits import raise_file_limit
from cli.crowd.organiser import CannotVisitError
from cli.crowd.plan import CrowdPlan
from cli.crowd.report import CrowdReport, show
from cli.crowd.run import Means, run_crowd
from runtime.clock import Clock

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
NO_KEYS = (
    "A crowd needs somewhere to go and the keys of an organization there. Start an installation here with `drumroll up`, and "
    "`drumroll crowd` finds both. For another one give --url, --publishable-key and --secret-key (or "
    "DRUMROLL_PUBLISHABLE_KEY and DRUMROLL_SECRET_KEY): `drumroll organizations create NAME` and `drumroll keys create "
    "ORGANIZATION` show new keys, once."
)


def visit(plan: CrowdPlan, console: Console) -> CrowdReport:
    """Runs the crowd to its end, or to the first Ctrl-C, and prints the report.

    Raises CannotVisitError when there is nothing to come to.
    """
    report = uvloop.run(_visit(plan, console))
    show(report, console)
    return report


async def _visit(plan: CrowdPlan, console: Console) -> CrowdReport:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    means = Means(Clock(), Random(plan.seed), secrets.SystemRandom(), screen_for(console), stop)
    return await run_crowd(plan, means)


def exit_status(report: CrowdReport) -> int:
    """0 when every fact holds, 130 when the run was stopped, 1 otherwise."""
    if report.stopped:
        return INTERRUPTED
    return 0 if report.holds else FAILED


def crowd(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    publishable_key: Annotated[
        str | None, typer.Option(envvar="DRUMROLL_PUBLISHABLE_KEY", help="Names the organization.")
    ] = None,
    secret_key: Annotated[
        str | None,
        typer.Option(envvar="DRUMROLL_SECRET_KEY", help="Makes the launch, plays the shop, reads the record."),
    ] = None,
    url: Annotated[str, typer.Option(help="Where the gateway is dialled.")] = "http://127.0.0.1:8080",
    queue: Annotated[str | None, typer.Option(help="Visit this queue instead of making a launch.")] = None,
    people: Annotated[int, typer.Option(min=1, help="How many come.")] = 5000,
    duration: Annotated[float, typer.Option(min=1.0, help="Seconds within which all arrive.")] = 30.0,
    seed: Annotated[int | None, typer.Option(help="Repeat the crowd of an earlier run.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Send Host: consumer.<this> and admin.<this> instead of using path prefixes.")
    ] = None,
    connections: Annotated[int, typer.Option(min=1, help="Connections shared by all requests.")] = 256,
    listeners: Annotated[int, typer.Option(min=0, help="At most so many follow the event stream.")] = 200,
) -> None:
    """Send a crowd with a real arrival curve through a waiting room, and check what must be true afterwards."""
    console = Console()
    complaint = raise_file_limit(connections + listeners)
    if publishable_key is None or secret_key is None or complaint:
        console.print(complaint or NO_KEYS, highlight=False, soft_wrap=True)
        raise typer.Exit(MISUSED)
    chosen = secrets.randbits(32) if seed is None else seed
    plan = CrowdPlan(url, publishable_key, secret_key, people, duration, chosen, queue, host, connections, listeners)
    console.print(f"A crowd of {people:,} goes to {url} (seed {chosen}).", highlight=False)
    try:
        report = visit(plan, console)
    except CannotVisitError as obstacle:
        console.print(str(obstacle), style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(MISUSED) from None
    raise typer.Exit(exit_status(report))
