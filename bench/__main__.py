"""`python -m bench`: take the figures, print them, and write them where they are told."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.bench import Bench
from bench.figure import Figure
from bench.figures.admission import admission
from bench.figures.baseline import baseline
from bench.figures.beside import beside
from bench.figures.cold import cold
from bench.figures.enters import enters
from bench.figures.memory import memory
from bench.figures.million import million
from bench.figures.neighbours import neighbours
from bench.figures.opening import opening
from bench.figures.overload import overload
from bench.figures.polls import polls
from bench.figures.receipts import receipts
from bench.figures.selection import selection
from bench.figures.timers import timers
from bench.figures.verifying import verifying
from bench.machine import machine
from bench.report import Report, one_line, write_into
from bench.system import running_system

FIGURES: Mapping[str, Callable[[Bench], list[Figure]]] = {
    "enters": enters,
    "polls": polls,
    "cold": cold,
    "timers": timers,
    "million": million,
    "opening": opening,
    "admission": admission,
    "memory": memory,
    "overload": overload,
    "neighbours": neighbours,
    "selection": selection,
    "beside": beside,
    "verifying": verifying,
    "receipts": receipts,
    "baseline": baseline,
}
DEFAULT = [name for name in FIGURES if name not in {"baseline", "receipts"}]
"""All that something was promised of."""


def main() -> int:
    """Exit status 0 when every promise was kept."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # because what was started is ended on the way out
    figures: list[Figure] = []
    with _folder(options.keep) as folder, running_system(folder / "state") as system:
        bench = Bench(system, folder, options.pairs, options.seconds, options.quick, options.entries)
        for name in options.figures or DEFAULT:
            figures += _measured(name, bench)
    report = Report(options.date, "python -m bench " + " ".join(sys.argv[1:]), machine(), figures)
    print(report.as_markdown())
    if options.json:
        options.json.write_bytes(report.as_json())
    if options.write:
        write_into(options.write, report)
    return 0 if report.met else 1


def _measured(name: str, bench: Bench) -> list[Figure]:
    """The figures of one module, told as soon as they are known; one that broke is a figure that was missed."""
    print(f"measuring {name}", file=sys.stderr)
    try:
        found = FIGURES[name](bench)
    except Exception as failure:  # noqa: BLE001 (whatever it is, the other figures are wanted all the same)
        traceback.print_exc()
        found = [Figure.broken(name, failure)]
    for figure in found:
        print(one_line(figure), file=sys.stderr, flush=True)
    return found


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """A folder for all that runs; it goes afterwards, unless it was named.

    The servers run under a user of their own, who must be able to pass through to their part of it.
    """
    if kept is not None:
        kept.mkdir(mode=0o755, parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="drumroll-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Take the figures of docs/performance.md.")
    parser.add_argument(
        "figures",
        nargs="*",
        choices=[*FIGURES, []],
        help="which figures; all that something is promised of if none is named",
    )
    parser.add_argument("--pairs", type=int, default=5, help="how often both sides of a comparison run")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long one side runs after its warm-up")
    parser.add_argument("--entries", type=int, default=1_000_000, help="how many are in the draw")
    parser.add_argument("--date", default="an unnamed day", help="the day that the report tells")
    parser.add_argument("--json", type=Path, help="write the figures with every run to this file")
    parser.add_argument("--write", type=Path, help="write the table into this document")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="run in this folder and keep it, logs and all")
    parser.add_argument("--quick", action="store_true", help="everything small, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.pairs, options.seconds = min(options.pairs, 1), min(options.seconds, 1.0)
    return options


if __name__ == "__main__":
    sys.exit(main())
