"""Wrong clocks: each process of a storm is off by up to a minute and a half, for its whole life.

This runs inside the project's own processes (see `tests.support.inside`). Which skew a process gets follows from the seed,
its name and how often it was started; each start is noted in a folder.
"""

import os
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.support.skewed import off_by

FURTHEST = 90.0
_FOLDER, _SEED, _NAME = "STORM_CLOCKS", "STORM_SEED", "STORM_PROCESS"


def wrong_clock(folder: Path, seed: int, name: str) -> dict[str, str]:
    """The environment that tells a process of this name how wrong its clock is."""
    return {_FOLDER: str(folder), _SEED: str(seed), _NAME: name}


def skew_of(seed: int, name: str, starts: int) -> float:
    """By how many seconds a process is off after so many starts before; every fourth one is right."""
    dice = Random(f"clock {seed} {name} {starts}")
    return 0.0 if dice.random() < 0.25 else dice.uniform(-FURTHEST, FURTHEST)


def begin() -> None:
    """Be wrong from now on."""
    notes = Path(os.environ[_FOLDER]) / os.environ[_NAME]
    starts = len(notes.read_text().splitlines()) if notes.exists() else 0
    skew = skew_of(int(os.environ[_SEED]), os.environ[_NAME], starts)
    with notes.open("a") as kept:
        kept.write(f"{skew:+.3f}\n")
    if skew:
        off_by(timedelta(seconds=skew))


def noted(folder: Path) -> list[float]:
    """By how much the clocks of all processes were off, start by start."""
    return [float(line) for notes in sorted(folder.iterdir()) for line in notes.read_text().splitlines()]
