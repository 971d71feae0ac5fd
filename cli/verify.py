"""`drumroll verify`: checks a published order from its files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.errors import FAILED
from cli.published import published
from domain.fairness import Finding, Verdict, check_order, is_proved

_MARKS = {Verdict.HOLDS: ("✔", "green"), Verdict.FAILS: ("✘", "bold red"), Verdict.OPEN: ("?", "yellow")}


def check(source: str, entries: str | None = None, key: str | None = None) -> list[Finding]:
    """The findings about the proof at a path or URL. ObstacleError: it cannot be read."""
    with published(source, entries, key) as proof:
        return check_order(proof.document, proof.entries)


def verify(
    source: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="The proof document.")],
    entries: Annotated[
        str | None, typer.Option(help="The entries (NDJSON), where they are not next to the document.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="DRUMROLL_PUBLISHABLE_KEY", help="For an address: a key of the organization.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,  # noqa: FBT002 (an option of the command)
) -> None:
    """Check a published order, offline, from its files alone.

    Exit status 0: it holds; 1: it does not, or is not decided yet; 2: it cannot be read. docs/fairness.md says what is
    checked, and how to do the same without Drumroll.
    """
    findings = check(source, entries, key)
    if as_json:
        typer.echo(json.dumps({"holds": is_proved(findings), "findings": [_facts(one) for one in findings]}, indent=2))
    else:
        show(findings, Console())
    raise typer.Exit(0 if is_proved(findings) else FAILED)


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print the findings in words, and the verdict."""
    for finding in findings:
        mark, style = _MARKS[finding.verdict]
        console.print(Text.assemble((f"{mark} ", style), finding.text), soft_wrap=True)
    if is_proved(findings):
        console.print(Text("The order is the one that was committed to.", style="bold green"))
    elif any(finding.verdict is Verdict.FAILS for finding in findings):
        console.print(Text("The order is NOT proved: what is published contradicts itself.", style="bold red"))
    else:
        console.print(Text("The order is not proved yet: what decides it is not published.", style="yellow"))


def _facts(finding: Finding) -> dict[str, object]:
    ticket = {} if finding.ticket is None else {"ticket": finding.ticket}
    return {"check": finding.check, "verdict": finding.verdict.value, "text": finding.text, **ticket}
