"""`python -m tests.chaos.storm`: raises a storm, or one after the other, and says what holds."""

import json
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from tests.chaos.storm.ground import stormy_ground
from tests.chaos.storm.report import Report, added, reported, show, verdict
from tests.chaos.storm.run import storm

FAILED, MISUSED = 1, 2
_SEEDS = 1_000_000

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    duration: Annotated[
        float, typer.Option(help="Seconds of each storm, without the quiet before and after it.")
    ] = 60.0,
    seed: Annotated[
        int | None, typer.Option(help="Which storm; any one, when it is left out. Several begin with it.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="How many storms, of this seed and the next ones.")] = 1,
    *,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on after a storm in which a fact failed.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="A folder for the logs of every storm in which a fact failed.")
    ] = None,
) -> None:
    """Raise storms: people come and organizers meddle while everything that can break is broken, as a seed says.

    Each storm has an installation of its own. The exit status is 1 when any fact does not hold.
    """
    first, console = secrets.randbelow(_SEEDS) if seed is None else seed, Console()
    if duration <= 0:
        console.print("A storm takes some seconds: --duration 60")
        raise typer.Exit(MISUSED)
    reports = list[Report]()
    for number in range(first, first + runs):
        console.print(f"storm of seed {number}, {duration:g} s", highlight=False)
        reports.append(raised(number, duration, keep))
        show(reports[-1], console, f"Storm of seed {number}")
        console.print(verdict(reports[-1]))
        if not reports[-1].holds and not keep_going:
            break
    if runs > 1:
        show(added(reports), console, f"{len(reports)} storms, from seed {first}")
        console.print(f"{sum(one.holds for one in reports)} of {len(reports)} storms hold all facts.")
    if json_file is not None:
        json_file.write_text(json.dumps([one.told for one in reports], indent=2) + "\n")
    raise typer.Exit(0 if all(one.holds for one in reports) else FAILED)


def raised(seed: int, seconds: float, keep: Path | None) -> Report:
    """One storm on an installation of its own. The logs are kept in a folder of this seed when a fact fails."""
    with stormy_ground(seed) as ground:
        report = reported(uvloop.run(storm(ground, seed, seconds)))
        if keep is not None and not report.holds:
            shutil.copytree(ground.system.folder.logs, keep / f"storm-{seed}", dirs_exist_ok=True)
    return report


if __name__ == "__main__":
    app(prog_name="python -m tests.chaos.storm")
