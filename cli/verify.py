"""`drumroll verify`: checks a published order or a published draw from its files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.errors import FAILED, ObstacleError
from cli.published import PublishedDraw, published
from domain.fairness import Finding, Verdict, check_order, is_proved
from domain.fairness.draws import Receipt, Statement, check_draw, check_receipt
from runtime.drand import verified

_MARKS = {Verdict.HOLDS: ("✔", "green"), Verdict.FAILS: ("✘", "bold red"), Verdict.OPEN: ("?", "yellow")}
_UNSIGNED = (
    "Who signed the receipt's tree head was not checked: its signature is that of the organizer's published keys."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about a proof; a draw also has a statement of what came of it."""

    findings: Sequence[Finding]
    subject: str = "order"
    statement: Statement | None = None


def check(source: str, entries: str | None = None, key: str | None = None) -> list[Finding]:
    """The findings about the proof at a path or URL. ObstacleError: it cannot be read."""
    return list(checked(source, entries, key).findings)


def checked(source: str, entries: str | None = None, key: str | None = None) -> Checked:
    """What there is to say about the proof at a path or URL. ObstacleError: it cannot be read."""
    with published(source, entries, key) as proof:
        if not isinstance(proof, PublishedDraw):
            return Checked(check_order(proof.document, proof.entries))
        draw = check_draw(proof.lines, verified)
        return Checked(draw.findings, "draw", draw.statement)


def receipt_findings(receipt: Path, source: str, key: str | None = None) -> list[Finding]:
    """The findings about an entrant's receipt, against a draw's proof. ObstacleError: one of them cannot be read."""
    try:
        kept = Receipt.from_json(json.loads(receipt.read_bytes()))
        kept.tree_head()
    except OSError as failure:
        raise ObstacleError(f"{receipt} cannot be read: {failure.strerror}.") from None
    except (ValueError, RecursionError) as failure:
        raise ObstacleError(f"{receipt} is no receipt: {failure}.") from None
    with published(source, key=key) as proof:
        if not isinstance(proof, PublishedDraw):
            raise ObstacleError(f"{source} is the proof of a queue; receipts are checked against that of a draw.")
        return check_receipt(kept, proof.lines)


def verify(
    source: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="The proof document, or a draw's proof file.")],
    entries: Annotated[
        str | None, typer.Option(help="A queue's entries (NDJSON), where they are not next to the document.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Also check that the entry of this receipt stands in the draw's file.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="DRUMROLL_PUBLISHABLE_KEY", help="For an address: a key of the organization.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,  # noqa: FBT002 (an option of the command)
) -> None:
    """Check a published order or a published draw, offline, from its files alone.

    Exit status 0: it holds; 1: it does not, or is not decided yet; 2: it cannot be read. docs/fairness.md says what is
    checked, and how to do the same without Drumroll.
    """
    found = checked(source, entries, key)
    kept = [] if receipt is None else receipt_findings(receipt, source, key)
    if as_json:
        typer.echo(json.dumps(_facts(found, kept), indent=2))
    else:
        show(found, Console(), kept)
    raise typer.Exit(0 if is_proved([*found.findings, *kept]) else FAILED)


def show(found: Checked, console: Console, kept: Sequence[Finding] = ()) -> None:
    """Print the findings in words, what came of a draw, those about a receipt, and the verdict."""
    for finding in (*found.findings, *kept):
        mark, style = _MARKS[finding.verdict]
        console.print(Text.assemble((f"{mark} ", style), finding.text), soft_wrap=True)
    for sentence in () if found.statement is None else found.statement.sentences():
        console.print(Text(sentence), soft_wrap=True)
    if kept:
        console.print(Text(_UNSIGNED, style="yellow"), soft_wrap=True)
    console.print(_verdict([*found.findings, *kept], found.subject), soft_wrap=True)


def _verdict(findings: Sequence[Finding], subject: str) -> Text:
    if is_proved(findings):
        return Text(f"The {subject} is the one that was committed to.", style="bold green")
    if any(finding.verdict is Verdict.FAILS for finding in findings):
        return Text(f"The {subject} is NOT proved: what is published contradicts itself.", style="bold red")
    return Text(f"The {subject} is not proved yet: what decides it is not published.", style="yellow")


def _facts(found: Checked, kept: Sequence[Finding]) -> dict[str, object]:
    facts: dict[str, object] = {
        "holds": is_proved([*found.findings, *kept]),
        "findings": [_fact(one) for one in found.findings],
    }
    if kept:
        facts["receipt"] = [_fact(one) for one in kept]
    if found.statement is not None:
        facts["statement"] = found.statement.as_json()
    return facts


def _fact(finding: Finding) -> dict[str, object]:
    places = {"ticket": finding.ticket, "leaf": finding.leaf, "step": finding.step}
    named = {name: place for name, place in places.items() if place is not None}
    return {"check": finding.check, "verdict": finding.verdict.value, "text": finding.text, **named}
