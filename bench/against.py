"""`python -m bench.against REVISION`: the hot paths of this tree against those of an earlier revision, in turn on one machine.

Both systems run all the time, each in a folder and on servers of its own, and are measured in pairs: this one, that one,
that one, this one. A ratio above 1 says that this tree does more in a second, or the same in less processor time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import orjson

from bench.machine import machine
from bench.pairs import Comparison, compare, interleaved
from bench.result import Result

TREE = Path(__file__).resolve().parents[1]
MEASURED = ("enters", "serving", "looks")


class Side:
    """A running system of one tree."""

    def __init__(self, tree: Path, folder: Path, seconds: float) -> None:
        folder.mkdir(mode=0o755)
        command = [sys.executable, "-P", str(TREE / "bench" / "side.py"), str(folder / "state"), str(seconds)]
        environment = os.environ | {"PYTHONPATH": str(tree)}
        self._process = subprocess.Popen(
            command, cwd=tree, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ready(self) -> None:
        """Wait until it can be measured. RuntimeError when it did not come up."""
        self._line()

    def measured(self, word: str) -> Result:
        """One measurement. RuntimeError when it could not be made; the reason is on stderr."""
        assert self._process.stdin is not None  # noqa: S101 (made with a pipe)
        print(word, file=self._process.stdin, flush=True)
        return Result.from_json(orjson.loads(self._line()))

    def end(self) -> None:
        """End it, and wait until nothing of it runs."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(60)

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 (made with a pipe)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side ended with status {self._process.wait()}")
        return line


@contextmanager
def tree_of(revision: str, folder: Path) -> Iterator[Path]:
    """The tree of a revision, checked out beside this one for the length of a block."""
    tree = folder / "tree"
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", str(tree), revision], cwd=TREE, check=True)
    try:
        yield tree
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=TREE, check=True)


@contextmanager
def both_sides(revision: str, seconds: float) -> Iterator[tuple[Side, Side]]:
    """This tree and the other, both running."""
    with tempfile.TemporaryDirectory(prefix="drumroll-against-") as name, tree_of(revision, Path(name)) as other:
        folder = Path(name)
        folder.chmod(0o755)  # because the servers run under a user of their own
        sides = Side(TREE, folder / "this", seconds), Side(other, folder / "that", seconds)
        try:
            for side in sides:
                side.ready()
            yield sides
        finally:
            for side in sides:
                side.end()


def main() -> int:
    """Exit status 0 when no path has become slower by more than is allowed."""
    options = _options()
    rows, kept = ["| path | this / that | spread | processor time | this | that |", "|---|---|---|---|---|---|"], True
    with both_sides(options.revision, options.seconds) as (this, that):
        for word in options.paths or MEASURED:
            pairs = interleaved(partial(this.measured, word), partial(that.measured, word), options.pairs)
            rate, time = _compared(pairs, lambda one: one.rate), _compared(pairs, lambda one: sum(one.spent.values()))
            rows.append(_row(word, rate, time))
            print(rows[-1], file=sys.stderr, flush=True)
            kept = kept and rate.ratio >= 1 - options.allowed
    print("\n".join(["", ", ".join(f"{name} {value}" for name, value in machine().items()), "", *rows]))
    return 0 if kept else 1


def _compared(pairs: Sequence[tuple[Result, Result]], value: Callable[[Result], float]) -> Comparison:
    return compare([(value(a), value(b)) for a, b in pairs])


def _row(word: str, rate: Comparison, time: Comparison) -> str:
    spent = f"{time.ratio:.3f} ({time.low:.3f} to {time.high:.3f})"
    ours, theirs = (f"{a:,.0f}/s, {b:,.0f} µs" for a, b in ((rate.a, time.a), (rate.b, time.b)))
    return f"| {word} | **{rate.ratio:.3f}** | {rate.low:.3f} to {rate.high:.3f} | {spent} | {ours} | {theirs} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.against", description=__doc__)
    parser.add_argument("revision", help="what to compare with: anything that git knows as a commit")
    parser.add_argument("paths", nargs="*", choices=[*MEASURED, []], help="which paths; all if none is named")
    parser.add_argument("--pairs", type=int, default=5, help="how often each side is measured")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long a measurement takes after its warm-up")
    parser.add_argument("--allowed", type=float, default=0.05, help="the share that a path may lose (0.05)")
    options = parser.parse_args()
    asked = ["git", "rev-parse", "--verify", "--quiet", f"{options.revision}^{{commit}}"]
    if subprocess.run(asked, cwd=TREE, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        parser.error(f"git knows no commit `{options.revision}` here")
    return options


if __name__ == "__main__":
    sys.exit(main())
