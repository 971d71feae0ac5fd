"""`python -m tests.chance`: draws 100,000 times of each sort, and says whether chance alone may have done it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.pool import Pool

from tests.chance.drawn import likely, odds
from tests.chance.experiments import EXPERIMENTS, GROUPS, Counts, Experiment, Verdict

DRAWS, SLICES = 100_000, 200


def main() -> int:
    """Exit status 0 when everything holds."""
    asked, began = _asked(), time.monotonic()
    with _hands(asked.processes) as pool:
        verdicts = [_told(one, pool, asked.draws) for one in EXPERIMENTS]
    alone, two, three = (share for share in _odds_of_groups() if share)
    print(
        f"of these groups one person wins in {alone:.1%} of all draws, two in {two:.1%}, three in {three:.1%}, exactly"
    )
    held = sum(verdict.holds for verdict in verdicts)
    print(f"{held} of {len(verdicts)} hold; {asked.draws:,} draws each, {time.monotonic() - began:.0f} s")
    return 0 if held == len(verdicts) else 1


def judged(one: Experiment, draws: int, pool: Pool | None = None, *, tell: bool = False) -> Verdict:
    """What an experiment of so many draws says, which are counted in slices, by this process or by those of a pool."""
    numbers, seen = range(one.draws or draws), Counts()
    slices = [numbers[at::SLICES] for at in range(SLICES)]
    counted = map(one.count, slices) if pool is None else pool.imap_unordered(one.count, slices)
    for done, counts in enumerate(counted, start=1):
        seen.update(counts)  # because what was counted as none counts too, this is no sum of counters
        if tell:
            print(f"\r{done / SLICES:4.0%} {one.sentence}", end="", file=sys.stderr, flush=True)
    return one.judge(seen, len(numbers))


def _told(one: Experiment, pool: Pool, draws: int) -> Verdict:
    verdict = judged(one, draws, pool, tell=sys.stderr.isatty())
    mark = "✔" if verdict.holds else "✘ FAILED"
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{clear}{mark} {one.sentence}: {verdict.statistic:.2f}, at most {verdict.bound:.2f}", flush=True)
    return verdict


def _odds_of_groups() -> tuple[float, float, float]:
    shares = odds(likely(GROUPS, 4), len(GROUPS))
    return shares[0], shares[4], shares[6]


@contextmanager
def _hands(processes: int) -> Iterator[Pool]:
    with get_context("spawn").Pool(processes) as pool:
        yield pool


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chance", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="of each sort")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="at once")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
