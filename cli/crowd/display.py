"""What is seen while the crowd is on its way: a live picture on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.crowd.plan import CrowdPlan
from cli.crowd.tally import Tally

BARS = " ▁▂▃▄▅▆▇█"
COLUMNS = 60
RECENT = 500
DRAW_FIGURES = ("entered", "left", "won", "declined", "promoted", "completed")


@dataclass(slots=True)
class Progress:
    """The state of a run as it is shown; `elapsed` and `times` (arrivals) in seconds since the first could come."""

    plan: CrowdPlan
    tally: Tally
    times: Sequence[float]
    opens: float | None
    elapsed: float = 0.0
    per_second: float = 0.0
    line: list[int] = field(default_factory=list)
    _exchanges: int = 0

    def advance(self, elapsed: float) -> None:
        """Takes the figures at a later moment."""
        if elapsed > self.elapsed:
            self.per_second = (self.tally.exchanges - self._exchanges) / (elapsed - self.elapsed)
            self._exchanges, self.elapsed = self.tally.exchanges, elapsed
        self.line.append(self.waiting)

    @property
    def waiting(self) -> int:
        """People in the line, as far as the crowd knows."""
        return self.tally.milestones["entered"] - self.tally.milestones["out of line"]

    @property
    def inside(self) -> int:
        """People who know of their grant and have not used it yet."""
        return self.tally.milestones["granted"] - self.tally.milestones["out"]

    @property
    def expired(self) -> int:
        """People who came too late for their grant, or never."""
        return sum(self.tally.milestones[name] for name in ("lapsed", "too late", "denied"))


def bars(values: Sequence[float]) -> str:
    """Each value as a block of one of eight heights, the largest highest; zero is blank."""
    top = max(values, default=0)
    return "".join(BARS[math.ceil(value / top * 8)] if top else BARS[0] for value in values)


def histogram(times: Sequence[float], duration: float, columns: int = COLUMNS) -> list[int]:
    """How many of `times` (0 to `duration`) fall into each of so many equal columns."""
    counts = [0] * columns
    for time in times:
        counts[min(columns - 1, int(time / duration * columns))] += 1
    return counts


def squeezed(values: Sequence[int], columns: int = COLUMNS) -> list[int]:
    """At most so many values: each the largest of its equal share of the given ones."""
    if len(values) <= columns:
        return list(values)
    edges = [index * len(values) // columns for index in range(columns + 1)]
    return [max(values[low:high]) for low, high in pairwise(edges)]


def milliseconds(seconds: float) -> str:
    """A latency for people: whole milliseconds, a hyphen for none."""
    return "-" if math.isnan(seconds) else f"{seconds * 1000:,.0f} ms"


class Screen(Protocol):
    """Where progress is shown, every `interval` seconds."""

    interval: float

    def update(self, progress: Progress) -> None:
        """Shows the present figures."""

    def start(self) -> None:
        """Called once before the first update."""

    def stop(self) -> None:
        """Called once after the last."""


class LiveScreen:
    """A picture that is drawn over itself, four times a second."""

    interval = 0.25

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def update(self, progress: Progress) -> None:
        """Draws the picture anew."""
        self._live.update(picture(progress), refresh=True)

    def start(self) -> None:
        """Takes the terminal."""
        self._live.start()

    def stop(self) -> None:
        """Gives the terminal back, and wipes the picture."""
        self._live.stop()


class LineScreen:
    """One plain line every three seconds, for logs and pipes."""

    interval = 3.0

    def __init__(self, console: Console) -> None:
        self._console = console

    def update(self, progress: Progress) -> None:
        """Prints one line."""
        self._console.print(line(progress), highlight=False, soft_wrap=True)

    def start(self) -> None:
        """Nothing to prepare: lines are only appended."""

    def stop(self) -> None:
        """Nothing to give back."""


def screen_for(console: Console) -> Screen:
    """The live picture where there is a terminal to draw on."""
    return LiveScreen(console) if console.is_terminal else LineScreen(console)


def line(progress: Progress) -> str:
    """The figures of the moment in one line."""
    marks, (enter, slow) = progress.tally.milestones, progress.tally.quantiles("enter", RECENT)
    return (
        f"{progress.elapsed:5.1f}s  arrived {marks['arrived']:,}  waiting {progress.waiting:,}  "
        f"admitted {marks['granted']:,}  completed {marks['completed']:,}  expired {progress.expired:,}  "
        f"gave up {marks['left']:,}  {progress.per_second:,.0f} requests/s  "
        f"enter {milliseconds(enter)} (p99 {milliseconds(slow)}){_drawn(progress)}"
    )


def _drawn(progress: Progress) -> str:
    """The figures of the draw, once somebody has entered it."""
    marks = progress.tally.draw
    return "  draw: " + ", ".join(f"{marks[name]:,} {name}" for name in DRAW_FIGURES) if marks else ""


def picture(progress: Progress) -> Panel:
    """The live picture: the arrival curve, the line over time, and the figures of the moment."""
    lines = Table.grid(padding=(0, 2))
    lines.add_row("arrivals", _curve(progress))
    lines.add_row("the line", Text(bars(squeezed(progress.line)), style="cyan"))
    title = f"[b]drumroll crowd[/b] · {progress.plan.people:,} people · {progress.elapsed:.0f} s"
    draw = [_draw_figures(progress)] if progress.tally.draw else []
    return Panel(Group(lines, Text(), _figures(progress), *draw, _latencies(progress)), title=title, expand=False)


def _curve(progress: Progress) -> Text:
    """Who has come is bright, who is still to come is dim; the column of the opening is yellow."""
    duration = progress.plan.duration
    text = Text(bars(histogram(progress.times, duration)), style="grey50")
    text.stylize("green", 0, max(0, min(COLUMNS, int(progress.elapsed / duration * COLUMNS))))
    if progress.opens is not None and 0 <= progress.opens < duration:
        column = int(progress.opens / duration * COLUMNS)
        text.stylize("bold yellow", column, column + 1)
    return text.append("  open" if progress.opens is not None and progress.elapsed >= progress.opens else "", "yellow")


def _figures(progress: Progress) -> Table:
    marks = progress.tally.milestones
    shown = {
        "arrived": marks["arrived"],
        "waiting": progress.waiting,
        "admitted": marks["granted"],
        "inside": progress.inside,
        "completed": marks["completed"],
        "expired": progress.expired,
        "gave up": marks["left"],
        "requests/s": round(progress.per_second),
    }
    return _row(shown)


def _draw_figures(progress: Progress) -> Table:
    marks = progress.tally.draw
    return _row({f"draw: {DRAW_FIGURES[0]}": marks[DRAW_FIGURES[0]]} | {name: marks[name] for name in DRAW_FIGURES[1:]})


def _row(shown: Mapping[str, int]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text(name, style="grey50") for name in shown))
    table.add_row(*(Text(f"{figure:,}", style="bold") for figure in shown.values()))
    return table


def _latencies(progress: Progress) -> Text:
    parts = []
    for operation in ("enter", "poll", "complete"):
        median, slow = progress.tally.quantiles(operation, RECENT)
        parts.append(f"{operation} {milliseconds(median)} (p99 {milliseconds(slow)})")
    return Text("  ".join(parts), style="grey50")
