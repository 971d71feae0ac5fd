"""The figures of one run as JSON, and as a Markdown table between two marks of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from bench.figure import Figure
from bench.result import Result

PROCESSOR = "processor time of each"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one run, with the command, the day and the machine."""

    date: str
    command: str
    machine: Mapping[str, str]
    figures: Sequence[Figure]

    @property
    def met(self) -> bool:
        """Whether every promise was kept."""
        return all(figure.met for figure in self.figures)

    def as_json(self) -> bytes:
        """The whole report, every run included."""
        figures = [asdict(figure) | {"met": figure.met} for figure in self.figures]
        whole = {"date": self.date, "command": self.command, "machine": dict(self.machine), "figures": figures}
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n"

    def as_markdown(self) -> str:
        """The table, one row per figure, with what it was taken on above it."""
        on = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        lines = [
            f"Taken on {self.date} with `{self.command}` ({on}).",
            "",
            "| figure | must | found | spread | made of |",
            "|---|---|---|---|---|",
            *(_row(figure) for figure in self.figures),
        ]
        bounds = [f"- {figure.title}: {figure.bound_by}" for figure in self.figures if figure.bound_by]
        if bounds:
            lines += ["", "What sets the limit:", "", *bounds]
        return "\n".join(lines) + "\n"


def write_into(document: Path, report: Report) -> None:
    """Put the table between the marks of `document`; a document without them gets both at its end."""
    text = document.read_text() if document.exists() else "# Performance\n"
    if _BEGIN not in text:
        text = f"{text.rstrip()}\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    document.write_text(f"{before}{_BEGIN}\n{report.as_markdown()}{_END}{after}")


def amount(value: float) -> str:
    """A number as a reader wants it: whole above 100, else with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def processor(results: Sequence[Result]) -> dict[str, str]:
    """A part of a figure: the processor time of one answer by process, of the run with the median sum."""
    metered = sorted((result.spent for result in results if result.spent), key=lambda spent: sum(spent.values()))
    if not metered:
        return {}
    spent = metered[len(metered) // 2]
    told = ", ".join(f"{name} {amount(used)}" for name, used in spent.items() if used >= 1)
    return {PROCESSOR: f"{amount(sum(spent.values()))} µs ({told})"}


def one_line(figure: Figure) -> str:
    """A figure as it is told while others are still to come."""
    title, must, found, spread, parts = _cells(figure)
    return f"  {title}: {found.replace('**', '')} (must be {must}; spread {spread}) {parts}"


def _row(figure: Figure) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in _cells(figure))} |"


def _cells(figure: Figure) -> tuple[str, str, str, str, str]:
    """What it is, what it must be, what was found, the spread, and what it is made of."""
    must = "none"
    if figure.must is not None:
        must = f"at {'least' if figure.at_least else 'most'} {amount(figure.must)} {figure.unit}"
    found = f"**{amount(figure.value)} {figure.unit}**{'' if figure.met else ' (missed)'}"
    spread = "none"
    if figure.low is not None and figure.high is not None:
        spread = f"{amount(figure.low)} to {amount(figure.high)}"
    parts = "; ".join(f"{name}: {value}" for name, value in figure.parts.items())
    return figure.title, must, found, spread, parts
