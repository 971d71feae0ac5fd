"""What is said after a storm: what was done and answered, what broke, how soon it went on, and which facts hold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.result import percentile
from tests.chaos.storm.facts import FACTS
from tests.chaos.storm.plan import LONG_STOPS
from tests.chaos.storm.recoveries import recoveries
from tests.chaos.storm.run import Storm

SHOWN = 5
CLOCKS = "clocks wrong"
DRAWN, PROMOTED, RECEIPTS = "draws drawn", "winners promoted", "receipts kept"
WITHOUT_KEY, OTHER_BODIES = "calls without a key", "other bodies under a used key"


@dataclass(slots=True)
class Report:
    """A storm in figures. `against` holds for each fact what speaks against it; `recoveries` are seconds."""

    seed: int
    seconds: float
    people: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    against: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    schedule: Sequence[Mapping[str, Any]] = ()

    @property
    def holds(self) -> bool:
        """Whether every fact was looked at and holds."""
        return bool(self.against) and not any(self.against.values())

    @property
    def failed(self) -> list[str]:
        """The facts that do not hold."""
        return [sentence for sentence, against in self.against.items() if against]

    @property
    def told(self) -> dict[str, Any]:
        """All of it as JSON; where nobody was answered again, the seconds are null, because JSON has no infinity."""
        counters: dict[str, Any] = {name: dict(getattr(self, name)) for name in ("commands", "answers", "faults")}
        counters["recoveries"] = {
            name: [one if isfinite(one) else None for one in every] for name, every in self.recoveries.items()
        }
        return {one.name: getattr(self, one.name) for one in fields(self)} | counters | {"holds": self.holds}

    @property
    def again(self) -> str:
        """What raises the same storm again."""
        return f"make chaos DURATION={self.seconds:g} SEED={self.seed}"


def reported(storm: Storm) -> Report:
    """The figures of a storm, and every fact looked at."""
    evidence = storm.evidence
    broken = Counter(one.planned.name for one in evidence.happened) + Counter({CLOCKS: sum(map(bool, storm.skews))})
    return Report(
        seed=storm.plan.seed, seconds=storm.plan.duration, people=storm.people,
        commands=Counter(call.what for call in evidence.calls), answers=Counter(storm.answers), faults=broken,
        recoveries=recoveries(evidence), against={fact.sentence: fact.against(evidence) for fact in FACTS},
        figures=_figures(storm),
        schedule=[asdict(one.planned) | {"lasted": round(one.ended - one.began, 3)} for one in evidence.happened],
    )  # fmt: skip


def _figures(storm: Storm) -> dict[str, float]:
    """What else was counted; of what is in seconds, several storms tell the most."""
    evidence = storm.evidence
    lasted = [call.answered - call.began for call in evidence.calls if call.answered is not None]
    stops = [one for one in evidence.happened if "stopped" in one.planned.name]
    counted: dict[str, float] = {
        WITHOUT_KEY: len(evidence.keyless),
        "calls without a key, outcome unknown": sum(call.unknown for call in evidence.keyless),
        OTHER_BODIES: len(evidence.misuses),
        "other bodies under a used key, never answered": sum(call.unknown for call in evidence.misuses),
        "connections cut": storm.cuts,
        "connections cut, to the mail server": storm.mail_cuts,
        "stops longer than any lease": sum(LONG_STOPS[0] <= one.ended - one.began for one in stops),
        "journal pages": len(evidence.pages),
        "events": sum(len(page.events) for page in evidence.pages),
        "commands decided": sum(len(page.command_ids) for page in evidence.pages),
        DRAWN: sum(replay.drawn for replay in evidence.draw_replays.values()),
        PROMOTED: sum(replay.promoted for replay in evidence.draw_replays.values()),
        RECEIPTS: storm.receipts,
        "poison put in": evidence.poison.sure + evidence.poison.unsure,
        "mails received": len(evidence.received),
        "seconds of a call, p50": round(percentile(sorted(lasted), 0.5), 3),
        "seconds of a call, p99": round(percentile(sorted(lasted), 0.99), 3),
        "seconds of a call, most": round(percentile(sorted(lasted), 1.0), 3),
        "seconds until quiet": round(storm.quiet_after, 2),
    }
    return counted | storm.needed


def added(reports: Sequence[Report]) -> Report:
    """Several storms as one: counts over all of them, and of each fact what speaks against it anywhere, with its seed."""
    whole = Report(reports[0].seed, sum(one.seconds for one in reports))
    for one in reports:
        whole.people += one.people
        whole.commands += one.commands
        whole.answers += one.answers
        whole.faults += one.faults
        for name, seconds in one.recoveries.items():
            whole.recoveries.setdefault(name, []).extend(seconds)
        for sentence, against in one.against.items():
            whole.against.setdefault(sentence, []).extend(f"seed {one.seed}: {finding}" for finding in against)
        for name, figure in one.figures.items():
            most = max if name.startswith("seconds") else sum
            whole.figures[name] = most((whole.figures.get(name, 0), figure))
    return whole


def show(report: Report, console: Console, title: str) -> None:
    """Prints a report."""
    console.print()
    console.print(_counts(report, title))
    console.print(_faults(report))
    console.print(_facts(report))


def verdict(report: Report) -> Text:
    """The last line: what holds, and how to see it again."""
    if report.holds:
        return Text(f"All {len(report.against)} facts hold. Again: {report.again}", style="bold green")
    return Text(
        f"{len(report.failed)} of {len(report.against)} facts do not hold. Again: {report.again}", style="bold red"
    )


def _counts(report: Report, title: str) -> Table:
    table = Table(title=f"{title}: {report.people:,} people in {report.seconds:g} s", title_justify="left")
    answers = {"no answer" if name == "0" else name: times for name, times in report.answers.items()}
    columns = [sorted(one.items()) for one in (report.commands, answers, report.figures)]
    for heading in ("calls", "", "answers, tries included", "", "also", ""):
        table.add_column(heading, justify="left" if heading else "right")
    for row in range(max(map(len, columns))):
        pairs = [column[row] if row < len(column) else ("", "") for column in columns]
        table.add_row(*(str(cell) for pair in pairs for cell in pair))
    return table


def _faults(report: Report) -> Table:
    table = Table(title="What broke, and the seconds to the next answer", title_justify="left")
    for heading in ("fault", "times", "p50", "p99", "max"):
        table.add_column(heading, justify="left" if heading == "fault" else "right")
    for name, times in sorted(report.faults.items()):
        table.add_row(name, f"{times:,}", *_percentiles(report.recoveries.get(name, [])))
    every = [seconds for one in report.recoveries.values() for seconds in one]
    table.add_row("all", f"{sum(report.faults.values()):,}", *_percentiles(every), style="bold")
    return table


def _percentiles(seconds: list[float]) -> list[str]:
    return [f"{percentile(sorted(seconds), share):.2f}" if seconds else "-" for share in (0.5, 0.99, 1.0)]


def _facts(report: Report) -> Table:
    table = Table(title="Facts", title_justify="left")
    for heading in ("", "fact", "against it"):
        table.add_column(heading)
    for sentence, against in report.against.items():
        tick = Text("✘", style="bold red") if against else Text("✔", style="green")
        more = [f"and {len(against) - SHOWN} more"] if len(against) > SHOWN else []
        table.add_row(tick, Text(sentence), Text("\n".join([*against[:SHOWN], *more]), style="red"))
    return table
