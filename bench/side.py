"""One side of a comparison of two revisions: a running system that measures when it is told to.

Run by path in the tree that is to be measured (`python -P .../bench/side.py FOLDER SECONDS`), so that only this file is of
the newer tree. It says "ready"; each word on its standard input is a measurement, answered by a line of JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from bench.apart import run_apart
from bench.bench import Bench
from bench.entering import Entering
from bench.figures.enters import CONNECTIONS, enters_once
from bench.figures.polls import poll
from bench.plan import Plan
from bench.result import Result
from bench.seeding import waiting_crowd
from bench.system import System, running_system

LOOKERS = 20_000


def measurements(system: System, folder: Path, seconds: float) -> Mapping[str, Callable[[], Result]]:
    """What can be measured, by its word."""
    bench = Bench(system, folder, 1, seconds)
    people = system.people(bench.people(most_per_second=6_000))
    entering, serving = Entering(system, lambda: people), Entering(system, lambda: people, serving=True)
    crowd = waiting_crowd(system, LOOKERS)
    looks = system.polls(crowd.queue_id, crowd.people)
    run_apart(Plan(system.host, system.port, CONNECTIONS, count=len(looks)), looks)  # because a first look costs more
    return {
        "enters": lambda: enters_once(entering, seconds, system.meter),
        "serving": lambda: enters_once(serving, seconds, system.meter),
        "looks": lambda: poll(system.port, looks, seconds, system.meter),
    }


def main(folder: Path, seconds: float) -> None:
    """Measure until the input ends."""
    with running_system(folder) as system:
        known = measurements(system, folder.parent, seconds)
        system.settle()
        print("ready", flush=True)
        for word in sys.stdin:
            print(orjson.dumps(known[word.strip()]().as_json(), option=orjson.OPT_NON_STR_KEYS).decode(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
