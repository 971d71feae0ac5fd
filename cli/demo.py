"""`drumroll demo`: the whole system, a crowd through its waiting room and a draw, the facts, and proofs that are checked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.crowd.command import exit_status, visit
from cli.crowd.limits import raise_file_limit
from cli.crowd.organiser import CannotVisitError
from cli.crowd.plan import CrowdPlan
from cli.crowd.report import picture as keep_picture
from cli.errors import FAILED, INTERRUPTED, ObstacleError
from cli.installation import Installation
from cli.local import LOOPBACK_NETWORKS
from cli.published import asked, keep
from cli.running import running, shape_of
from cli.signals import Interruptions
from cli.verify import checked, listed_findings, show
from domain.fairness import is_proved

CONNECTIONS, LISTENERS = 256, 200
PROOFS = (("queues", "order", "", None), ("draws", "draw", "-draw", "draws/log"))
"""What is proved: where the Admin API lists it, what its proof is of, how its file's name ends, which log tells of it."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many come, within how many seconds, and the seed of their whims."""

    people: int
    duration: float
    seed: int


def demo(
    people: Annotated[int, typer.Option(min=1, help="How many come.")] = 5000,
    duration: Annotated[float, typer.Option(min=1.0, help="Seconds within which all arrive.")] = 30.0,
    seed: Annotated[int | None, typer.Option(help="Repeat the crowd of an earlier run.")] = None,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="The gateway's; the next free one when it is taken.")
    ] = 8080,
    picture: Annotated[Path | None, typer.Option(help="Keep the report as an SVG file.", dir_okay=False)] = None,
) -> None:
    """Let a crowd through a waiting room of the real system, and check what must be true.

    Starts everything in the state folder, makes an organization with a launch, sends people through the front door, holds a
    draw for those who did not get in, reports, checks the published order and the published draw, and stops everything. Exit
    status 1 when any fact fails.
    """
    console = Console(highlight=False)
    crowd = Crowd(people, duration, secrets.randbits(32) if seed is None else seed)
    complaint = raise_file_limit(CONNECTIONS + LISTENERS)
    if complaint:
        raise ObstacleError(complaint)
    try:
        with running(shape_of({}, port=port), console) as (system, interruptions):
            status = _play(system, crowd, console, interruptions, picture)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(status)


def _play(
    system: Installation, crowd: Crowd, console: Console, interruptions: Interruptions, picture: Path | None
) -> int:
    """The evening itself; the exit status: 0 when every fact holds, and the order and the draw are proved."""
    slug = f"demo-{secrets.token_hex(4)}"
    keys = system.create_organization("The demo", slug, trusted_networks=LOOPBACK_NETWORKS).test
    console.print(f"A crowd of {crowd.people:,} goes to {system.url} (seed {crowd.seed}).")
    plan = CrowdPlan(
        system.url, keys.publishable, keys.secret, crowd.people, crowd.duration, crowd.seed,
        connections=CONNECTIONS, listeners=LISTENERS,
    )  # fmt: skip
    try:
        report = visit(plan, console)
    except CannotVisitError as obstacle:
        raise ObstacleError(f"{obstacle} The gateway's log is {system.log('web')}.") from None
    finally:
        interruptions.arm()  # because the crowd has listened to signals itself
    if picture is not None:
        keep_picture(report, picture)
    if report.stopped:
        return exit_status(report)
    proved = [_proved(system, keys.secret, console, kind, of, slug + ending, log) for kind, of, ending, log in PROOFS]
    return max(exit_status(report), *proved)


def _proved(
    system: Installation, secret_key: str, console: Console, kind: str, of: str, name: str, log: str | None
) -> int:
    """Keep a published proof as files, and the log that tells of it; check them from these files alone, as anybody can.

    The log comes first, because what it tells must stand in the file already.
    """
    api, folder = f"{system.url}/admin/api/v1", system.state / "proofs"
    try:
        own_id = asked(f"{api}/{kind}", secret_key)["data"][0]["id"]
        told = None if log is None else str(keep(f"{api}/{log}", secret_key, folder, f"{name}-log"))
        kept = str(keep(f"{api}/{kind}/{own_id}/proof", secret_key, folder, name))
        found, listed = checked(kept), [] if told is None else listed_findings(told, kept)
    except (ObstacleError, LookupError) as failure:
        console.print(f"The proof of the {of} cannot be had: {failure}", style="red", soft_wrap=True)
        return FAILED
    words = kept if told is None else f"{kept} --log {told}"
    console.print(f"\nThe proof of the {of} is {kept}. Check it yourself: drumroll verify {words}", soft_wrap=True)
    show(found, console, listed=listed)
    return 0 if is_proved([*found.findings, *listed]) else FAILED
