"""The cores of processes that run already. From /proc, so on Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.usage import family


@contextmanager
def anywhere(pids: Iterable[int | None]) -> Iterator[None]:
    """For the length of a block these processes, with all that they have started, run wherever the kernel likes.

    An installation keeps its servers off its gateway's core. Whoever else uses them is not to be held back by that.
    """
    threads = [thread for pid in pids if pid is not None for one in family(pid) for thread in _threads(one)]
    before = {thread: cores for thread in threads for cores in _cores(thread)}
    _keep_to(dict.fromkeys(before, os.sched_getaffinity(0)))
    try:
        yield
    finally:
        _keep_to(before)


# Backends of Postgres come and go: what has ended meanwhile has neither threads nor cores.


def _threads(pid: int) -> list[int]:
    try:
        return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return []


def _cores(thread: int) -> list[set[int]]:
    try:
        return [os.sched_getaffinity(thread)]
    except ProcessLookupError:
        return []


def _keep_to(cores: dict[int, set[int]]) -> None:
    for thread, own in cores.items():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(thread, own)
