"""`drumroll verify` of the file of a draw of a million: how long it takes, and in how much memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.bench import Bench
from bench.drawing import watched
from bench.figure import Figure
from bench.report import amount
from bench.usage import peak_mb

SECONDS = 60.0
_LOOK_SECONDS = 0.02
_ANSWER_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Run:
    """Seconds and MB of one verification."""

    seconds: float
    peak: float


def verifying(bench: Bench) -> list[Figure]:
    """The draw is drawn once, its file fetched through the front door, and the file checked again and again, offline."""
    draw, file = bench.big_draw, bench.folder / "draw.ndjson"
    draw.rewind(timedelta(seconds=1))
    watched(draw)
    began = time.monotonic()
    _fetch(bench, file)
    fetched = time.monotonic() - began
    with bench.system.at_rest():
        runs = [_once(file) for _ in range(bench.pairs)]
    parts = {
        "file": f"{amount(file.stat().st_size / 1e6)} MB, fetched in {amount(fetched)} s",
        "most resident memory": f"{amount(max(run.peak for run in runs))} MB",
        "runs": str(len(runs)),
    }
    return [_figure(f"drumroll verify of the file of {draw.entries:,} entries (worst run)", runs, parts)]


def _fetch(bench: Bench, file: Path) -> None:
    """What the gateway publishes of the draw."""
    system, draw_id = bench.system, bench.big_draw.draw_id
    address = f"http://{system.host}:{system.port}/admin/api/v1/draws/{draw_id}/proof/file"
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {system.organization.test.secret}"})
    with urllib.request.urlopen(asked, timeout=_ANSWER_SECONDS) as answer, file.open("wb") as sink:  # noqa: S310 (our own gateway)
        shutil.copyfileobj(answer, sink)


def _once(file: Path) -> _Run:
    """RuntimeError when the file is not proved, because how fast something else is found is no figure."""
    began, peak = time.monotonic(), 0.0
    command = [sys.executable, "-m", "cli", "verify", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(_LOOK_SECONDS)
        told, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"drumroll verify ended with status {process.returncode}: {told[-500:]}")
    return _Run(time.monotonic() - began, peak)


def _figure(title: str, runs: Sequence[_Run], parts: dict[str, str]) -> Figure:
    return Figure.of_most("verifying", title, [run.seconds for run in runs], "s", SECONDS, parts)
