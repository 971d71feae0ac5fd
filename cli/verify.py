"""`drumroll verify`: checks a published order, a published draw or the log of all draws from its files alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Final, NamedTuple, Protocol

import typer
from rich.console import Console
from rich.text import Text

from cli.errors import FAILED, ObstacleError
from cli.published import Published, PublishedDraw, PublishedRecord, published, standing_still
from cli.receipts import findings_of, keys_at, receipt_at
from domain.fairness import Finding, Verdict, check_order, is_proved
from domain.fairness.draws import Statement, check_draw
from domain.fairness.record import CheckedRecord, check_listed, check_record
from runtime.drand import verified

_MARKS = {Verdict.HOLDS: ("✔", "green"), Verdict.FAILS: ("✘", "bold red"), Verdict.OPEN: ("?", "yellow")}


class Stated(Protocol):
    """What there is to say beside the findings: what came of a draw, which draws there are."""

    def as_json(self) -> Mapping[str, object]:
        """The figures by their names."""
        ...

    def sentences(self) -> list[str]:
        """The same in words."""
        ...


class Words(NamedTuple):
    """How the verdict is told."""

    proved: str
    wrong: str
    open: str


_WORDS: Final = {
    subject: Words(
        f"The {subject} is the one that was committed to.",
        f"The {subject} is NOT proved: what is published contradicts itself.",
        f"The {subject} is not proved yet: what decides it is not published.",
    )
    for subject in ("order", "draw")
} | {
    "log": Words(
        "The log of draws is whole: there is no gap in it and no second run that it does not tell of.",
        "The log of draws is NOT whole: what is published contradicts itself.",
        "The log of draws cannot be judged yet.",
    )
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about a proof or a log, with what there is to say of it."""

    findings: Sequence[Finding]
    subject: str = "order"
    statement: Stated | None = None


def check(source: str, entries: str | None = None, key: str | None = None) -> list[Finding]:
    """The findings about the proof at a path or URL. ObstacleError: it cannot be read."""
    return list(checked(source, entries, key).findings)


def checked(source: str, entries: str | None = None, key: str | None = None) -> Checked:
    """What there is to say about the proof at a path or URL. ObstacleError: it cannot be read."""
    with published(source, entries, key) as proof:
        if isinstance(proof, Published):
            return Checked(check_order(proof.document, proof.entries))
        if isinstance(proof, PublishedRecord):
            record = check_record(proof.lines)
            return Checked(record.findings, "log", record.statement)
        draw = check_draw(proof.lines, verified)
        return Checked(draw.findings, "draw", draw.statement)


def receipt_findings(
    receipt: Path, source: str, entries: str | None = None, key: str | None = None, keys: Path | None = None
) -> list[Finding]:
    """The findings about an entrant's receipt, against a published proof. ObstacleError: one of them cannot be read.

    `keys` is a file with the organizer's published key set; without it nobody knows who signed the receipt.
    """
    kept, verify_head = receipt_at(receipt), None if keys is None else keys_at(keys)
    with published(source, entries, key) as proof:
        if isinstance(proof, PublishedRecord):
            raise ObstacleError(f"{source} is the log of all draws; a receipt is checked against the proof of one.")
        return [*findings_of(kept, proof, verify_head)]


def listed_findings(log: str, source: str, key: str | None = None) -> list[Finding]:
    """The findings about the log of all draws, and about a draw in it. ObstacleError: one of them cannot be read."""
    record = _record(log, key)
    with published(source, key=key) as proof:
        if not isinstance(proof, PublishedDraw):
            raise ObstacleError(f"{source} is no proof of a draw; only a draw stands in the log of draws.")
        return [*record.findings, *check_listed(proof.lines, record)]


def _record(log: str, key: str | None) -> CheckedRecord:
    with published(log, key=key) as kept:
        if not isinstance(kept, PublishedRecord):
            raise ObstacleError(f"{log} is no log of draws.")
        return check_record(kept.lines)


def verify(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE_OR_URL", help="A proof document, a draw's proof file, or the log of all draws."),
    ],
    entries: Annotated[
        str | None, typer.Option(help="A queue's entries (NDJSON), where they are not next to the document.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Also check that the entry of this receipt stands in what is published.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="For a receipt: the organizer's key set, as its gateway shows it at /.well-known/jwks.json."),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(help="Also check that the draw stands in this log of all draws (a file or an address)."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="DRUMROLL_PUBLISHABLE_KEY", help="For an address: a key of the organization.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,  # noqa: FBT002 (an option of the command)
) -> None:
    """Check a published order, a published draw or the log of all draws, offline, from its files alone.

    Exit status 0: it holds; 1: it does not, or is not decided yet; 2: it cannot be read. docs/fairness.md says what is
    checked, and how to do the same without Drumroll.
    """
    _say_what_can_be_said()
    with standing_still(source, key) if receipt or log else nullcontext(source) as proof:
        found = checked(proof, entries, key)
        kept = [] if receipt is None else receipt_findings(receipt, proof, entries, key, keys)
        listed = [] if log is None else listed_findings(log, proof, key)
    if as_json:
        typer.echo(json.dumps(_facts(found, kept, listed), indent=2))
    else:
        show(found, Console(), kept, listed)
    raise typer.Exit(0 if is_proved([*found.findings, *kept, *listed]) else FAILED)


def _say_what_can_be_said() -> None:
    """Because the verdict must not depend on whether an output knows our marks: what it does not know is spelled out."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def show(found: Checked, console: Console, kept: Sequence[Finding] = (), listed: Sequence[Finding] = ()) -> None:
    """Print the findings in words, what there is to say, those about a receipt and a log, and the verdict."""
    for finding in (*found.findings, *kept, *listed):
        mark, style = _MARKS[finding.verdict]
        console.print(Text.assemble((f"{mark} ", style), finding.text), soft_wrap=True)
    for sentence in () if found.statement is None else found.statement.sentences():
        console.print(Text(sentence), soft_wrap=True)
    console.print(_verdict(found, [*found.findings, *listed]), soft_wrap=True)
    if kept:
        console.print(_verdict_on_receipt(kept, found.subject), soft_wrap=True)


def _verdict(found: Checked, findings: Sequence[Finding]) -> Text:
    words = _WORDS[found.subject]
    if is_proved(findings):
        return Text(words.proved, style="bold green")
    if any(finding.verdict is Verdict.FAILS for finding in findings):
        return Text(words.wrong, style="bold red")
    if isinstance(found.statement, Statement) and found.statement.is_void:
        return Text("The draw is void, and nothing that is published contradicts it.", style="yellow")
    return Text(words.open, style="yellow")


def _verdict_on_receipt(kept: Sequence[Finding], subject: str) -> Text:
    """Whoever made up a receipt contradicts nothing; so who signed it comes first."""
    said = {finding.check: finding.verdict for finding in kept}
    if is_proved(kept):
        return Text("The receipt holds.", style="bold green")
    if Verdict.FAILS in {said["receipt"], said["signature"]}:
        return Text(f"The receipt is not one of the organizer's: it says nothing of the {subject}.", style="bold red")
    if Verdict.FAILS in said.values():
        return Text("The receipt does NOT hold: it contradicts what is published.", style="bold red")
    missing = "" if said["signature"] is Verdict.HOLDS else " Who signed it is told by --keys."
    return Text(f"The receipt is not decided.{missing}", style="yellow")


def _facts(found: Checked, kept: Sequence[Finding], listed: Sequence[Finding]) -> dict[str, object]:
    facts: dict[str, object] = {
        "holds": is_proved([*found.findings, *kept, *listed]),
        "findings": [_fact(one) for one in found.findings],
    }
    if kept:
        facts["receipt"] = [_fact(one) for one in kept]
    if listed:
        facts["log"] = [_fact(one) for one in listed]
    if found.statement is not None:
        facts["statement"] = found.statement.as_json()
    return facts


def _fact(finding: Finding) -> dict[str, object]:
    places = {"ticket": finding.ticket, "leaf": finding.leaf, "step": finding.step, "line": finding.line}
    named = {name: place for name, place in places.items() if place is not None}
    return {"check": finding.check, "verdict": finding.verdict.value, "text": finding.text, **named}
