"""Runs seeds and says what happened in them: `python -m tests.simulation --seeds 5000`, or one, step by step."""

import argparse
import os
import sys
import time
from collections import Counter

from tests.simulation.many import MANY, many, untried
from tests.simulation.run import Ended, run
from tests.simulation.silence import hush


def main() -> int:
    """Run what was asked for; 1 when something did not hold, or was never tried."""
    asked = _asked()
    if asked.seed is not None:
        return _one(asked.seed, trace=asked.trace)
    began = time.monotonic()
    counts, failed = Counter[str](), list[Ended]()
    for ended in many(range(asked.first, asked.first + asked.seeds), asked.processes):
        counts += ended.counts
        if ended.failure is not None:
            failed.append(ended)
    _tell(counts, asked.seeds, time.monotonic() - began)
    for ended in failed[:20]:
        print(f"FAILED {ended.failure}\n  replay: python -m tests.simulation --seed {ended.seed} --trace")
    never = untried(counts, asked.seeds)
    if never:
        print("NEVER HAPPENED", ", ".join(never))
    return 1 if failed or never else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=MANY, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="at once")
    parser.add_argument("--seed", type=int, help="one seed alone")
    parser.add_argument("--trace", action="store_true", help="print its steps")
    return parser.parse_args()


def _one(seed: int, *, trace: bool) -> int:
    with hush():
        ended = run(seed, trace=trace)
    for line in ended.trace or ():
        print(line)
    for what, count in sorted(ended.counts.items()):
        print(f"{count:7} {what}")
    print(f"seed {seed}: {ended.steps} steps, trace {ended.hash}, {ended.failure or 'everything held'}")
    return 0 if ended.failure is None else 1


def _tell(counts: Counter[str], seeds: int, seconds: float) -> None:
    for what, count in sorted(counts.items()):
        print(f"{count:9,} {what}")
    crashes = sum(count for what, count in counts.items() if what.startswith("crash at"))
    lost = sum(count for what, count in counts.items() if what.startswith(("unsent", "unanswered")))
    print(f"{seeds:,} seeds in {seconds:.1f} s: {seeds / seconds * 60:,.0f} a minute;", end=" ")
    print(f"{counts['commands']:,} commands, {crashes:,} crashes, {lost:,} connections lost")


if __name__ == "__main__":
    sys.exit(main())
