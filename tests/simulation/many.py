"""Many seeds, on every core."""

import gc
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

from tests.simulation.run import Ended, run
from tests.simulation.silence import hush

CHUNK = 25


def many(seeds: Sequence[int], processes: int) -> Iterator[Ended]:
    """How each seed ended, in any order."""
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    with get_context("spawn").Pool(processes) as pool:
        for ended in pool.imap_unordered(_several, chunks):
            yield from ended


def _several(seeds: Sequence[int]) -> list[Ended]:
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    with hush():
        return [run(seed) for seed in seeds]
