"""What is said at the end: totals, latencies per operation, and every fact with a tick or a cross."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.crowd.display import milliseconds
from cli.crowd.facts import Fact
from cli.crowd.plan import CrowdPlan
from cli.crowd.tally import NO_ANSWER, Tally
from cli.errors import ObstacleError
from domain.fairness.draws import Statement

_PICTURE_COLUMNS = 100
TOTALS = ("arrived", "entered", "granted", "completed", "left", "vanished", "lapsed", "too late")
DRAW_TOTALS: Sequence[tuple[str, str, Callable[[Statement], int]]] = (
    ("entered", "entered", lambda draw: draw.entries),
    ("left", "left before the draw", lambda draw: draw.left),
    ("won", "won", lambda draw: draw.winners + draw.promoted),
    ("", "of these, promoted later", lambda draw: draw.promoted),
    ("declined", "gave it back", lambda draw: draw.declined),
    ("completed", "hold places in the end", lambda draw: draw.holding),
    ("not selected", "won nothing", lambda draw: draw.entries - draw.left - draw.winners - draw.promoted),
)
"""What entrants saw, and the figure of the proof beside it; that they were promoted nobody tells them."""


@dataclass(frozen=True, slots=True)
class CrowdReport:
    """A run that is over, or was `stopped`.

    `outcomes` counts the server's entries by status; `seconds` is the length of the run. `draw` has the figures of the
    proof of the draw, where there was one.
    """

    plan: CrowdPlan
    tally: Tally
    seconds: float
    stopped: bool = False
    facts: Sequence[Fact] = ()
    outcomes: Counter[str] = field(default_factory=Counter)
    draw: Statement | None = None

    @property
    def holds(self) -> bool:
        """Every fact was checked and holds."""
        return not self.stopped and bool(self.facts) and all(fact.holds for fact in self.facts)


def show(report: CrowdReport, console: Console) -> None:
    """Prints the report."""
    console.print()
    console.print(_totals(report))
    if report.draw is not None:
        console.print(_draw_totals(report.draw, report.tally))
    console.print(_operations(report.tally))
    if report.facts:
        console.print(_facts(report.facts))
    console.print(_verdict(report))


def picture(report: CrowdReport, file: Path) -> None:
    """Keep the report as an SVG of a terminal. ObstacleError when the file cannot be written."""
    canvas = Console(record=True, width=_PICTURE_COLUMNS, file=StringIO(), force_terminal=True)
    show(report, canvas)
    try:
        canvas.save_svg(str(file), title="drumroll demo")
    except OSError as failure:
        raise ObstacleError(f"The picture cannot be kept as {file}: {failure.strerror}.") from None


def _totals(report: CrowdReport) -> Table:
    table = Table(title=f"{report.plan.people:,} people in {report.seconds:.0f} s", title_justify="left")
    table.add_column("what the crowd saw")
    table.add_column("people", justify="right")
    table.add_column("what the server lists")
    table.add_column("entries", justify="right")
    listed = sorted(report.outcomes.items())
    for index, name in enumerate(TOTALS):
        status, count = listed[index] if index < len(listed) else ("", 0)
        table.add_row(name, f"{report.tally.milestones[name]:,}", status, f"{count:,}" if status else "")
    return table


def _draw_totals(draw: Statement, tally: Tally) -> Table:
    title = f"A draw of {draw.places:,} places for those who did not get in"
    table = Table(title=title, title_justify="left")
    table.add_column("what entrants saw")
    table.add_column("people", justify="right")
    table.add_column("what the proof says")
    table.add_column("entries", justify="right")
    for seen, proved, figure in DRAW_TOTALS:
        table.add_row(seen, f"{tally.draw[seen]:,}" if seen else "", proved, f"{figure(draw):,}")
    return table


def _operations(tally: Tally) -> Table:
    table = Table(title="Requests", title_justify="left")
    for heading in ("operation", "requests", "p50", "p99", "answers"):
        table.add_column(heading, justify="left" if heading in {"operation", "answers"} else "right")
    for operation in sorted({operation for operation, _status in tally.statuses}):
        answers = {status: count for (name, status), count in sorted(tally.statuses.items()) if name == operation}
        median, slow = tally.quantiles(operation)
        shown = ", ".join(f"{count:,} x {status or 'no answer'}" for status, count in answers.items())
        table.add_row(operation, f"{sum(answers.values()):,}", milliseconds(median), milliseconds(slow), shown)
    return table


def _facts(facts: Sequence[Fact]) -> Table:
    table = Table(title="Facts", title_justify="left")
    for heading in ("", "fact", "figures"):
        table.add_column(heading)
    for fact in facts:
        tick = Text("✔", style="green") if fact.holds else Text("✘", style="bold red")
        table.add_row(tick, Text(fact.name), Text(fact.detail, style="" if fact.holds else "red"))
    return table


def _verdict(report: CrowdReport) -> Text:
    if report.stopped:
        return Text("Stopped before the end: the facts were not checked.", style="yellow")
    failed = [fact.name for fact in report.facts if not fact.holds]
    if failed or not report.facts:
        return Text(f"{len(failed)} of {len(report.facts)} facts do not hold.", style="bold red")
    rate = report.tally.exchanges / report.seconds if report.seconds else 0.0
    broken = report.tally.of_status(NO_ANSWER)
    requests = f"{report.tally.exchanges:,} requests, {rate:,.0f} a second, {broken} broken connections"
    return Text(f"All {len(report.facts)} facts hold: {requests}.", style="bold green")
