"""What the draws of a storm publish, checked as `drumroll verify` does, and what entrants have kept against it."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from cli.errors import ObstacleError
from cli.published import keep
from cli.verify import checked, receipt_findings
from domain.fairness import Finding, Verdict
from tests.chaos.storm.load import Load
from tests.support.caller import CONSUMER


def undrawn(load: Load) -> list[str]:
    """What the published files of the draws leave open, or contradict themselves in, and receipts that they do not bear out."""
    with TemporaryDirectory() as folder:
        return [found for name, proof, key in _published(load) for found in _of_draw(name, proof, key, load, folder)]


def misproved(file: Path, receipts: Iterable[Any], folder: Path, keys: Path | None = None) -> list[str]:
    """What `drumroll verify FILE` finds against a draw's file, and `--receipt` against each of these receipts.

    Without the organizer's key set nothing is asked of who signed them.
    """
    found = _against(lambda: checked(str(file)).findings)
    for number, receipt in enumerate(receipts):
        kept = folder / f"receipt-{number}.json"
        kept.write_text(json.dumps(receipt))
        checks = partial(receipt_findings, kept, str(file), keys=keys)
        unasked = {"signature"} if keys is None else set()
        found += [f"receipt of leaf {receipt['index']}: {text}" for text in _against(checks, unasked)]
    return found


def _published(load: Load) -> Iterator[tuple[str, str, str]]:
    """Each draw's name, id and the key that its proof is read with."""
    for hall in load.halls:
        for name, made in hall.draws.items():
            yield f"{name} of {hall.name}", made["id"], hall.calling.keys.publishable


def _of_draw(name: str, own_id: str, key: str, load: Load, folder: str) -> list[str]:
    proof = f"{load.halls[0].calling.urls[0]}{CONSUMER}/draws/{own_id}/proof"
    try:
        file = keep(proof, key, Path(folder), own_id)
    except ObstacleError as obstacle:
        return [f"{name}: {obstacle}"]
    receipts = [one.receipt for one in load.book.receipts if str(one.distribution_id) == own_id]
    keys = Path(folder) / "keys.json"
    keys.write_bytes(requests.get(f"{load.halls[0].calling.urls[0]}/.well-known/jwks.json", timeout=30).content)
    return [f"{name}: {text}" for text in misproved(file, receipts, Path(folder), keys)]


def _against(check: Callable[[], Sequence[Finding]], unasked: Collection[str] = ()) -> list[str]:
    try:
        asked = (finding for finding in check() if finding.check not in unasked)
        return [finding.text for finding in asked if finding.verdict is not Verdict.HOLDS]
    except ObstacleError as obstacle:
        return [str(obstacle)]
