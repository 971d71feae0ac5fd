"""Many seeds, on every core."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

from tests.simulation.run import Ended, run
from tests.simulation.silence import hush

CHUNK = 25
ENOUGH = 1_000
EXERCISED = (
    "commands", "pressed twice", "asked again", "answered again", "looked up",
    "crash at commit", "crash at together", "unsent commit", "unanswered commit", "unsent append", "unanswered append",
    "frozen", "idle sessions ended", "lock waits", "killed gateway", "killed worker", "killed scheduler",
    "ring lost", "ring doubled", "ring late", "ring unheard", "reply lost", "reply doubled",
    "redis away", "redis flushed", "ledger away", "ledger's clock jumped", "killed by a command", "buried", "swept",
    "round DECIDED", "round EMPTY", "round NOT_MINE", "round STRUCK", "unrung round DECIDED",
)  # fmt: skip
"""What must really have happened in a thousand seeds: every kind of fault, and every guard that one meets."""
MANY = 5_000
RARELY = ("append unknown",)
"""What must have happened in five thousand."""


def many(seeds: Sequence[int], processes: int) -> Iterator[Ended]:
    """How each seed ended, in any order."""
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    with get_context("spawn").Pool(processes) as pool:
        for ended in pool.imap_unordered(_several, chunks):
            yield from ended


def untried(counts: Counter[str], seeds: int) -> list[str]:
    """What never happened of what must in so many seeds."""
    must = (*(EXERCISED if seeds >= ENOUGH else ()), *(RARELY if seeds >= MANY else ()))
    return [what for what in must if not counts[what]]


def _several(seeds: Sequence[int]) -> list[Ended]:
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    with hush():
        return [run(seed) for seed in seeds]
