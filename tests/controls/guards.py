"""Every guard that has a control, by name, and how to do without one: for tests, and for the processes they start."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.controls import (
    answering,
    blame,
    dates,
    limits,
    lying,
    mails,
    once,
    overlooked,
    slices,
    taking,
    timers,
    uses,
    walls,
)  # fmt: skip
from tests.controls.guard import Guard
from tests.support.works import Works

UNGUARDED = "DRUMROLL_TEST_UNGUARDED"
_ROOMS = (taking, lying, once, blame, slices, dates, limits, uses, walls, timers, mails, answering, overlooked)
_ALL = [guard for room in _ROOMS for guard in room.GUARDS]
GUARDS: dict[str, Guard] = {guard.name: guard for guard in _ALL}
assert len(GUARDS) == len(_ALL), "two guards have one name"


@contextmanager
def unguarded(name: str, works: Works | None = None) -> Iterator[None]:
    """Without this guard, in this process and in the database of these works, which is thrown away afterwards."""
    guard, patch = GUARDS[name], pytest.MonkeyPatch()
    try:
        if guard.statement is not None:
            assert works is not None, f"{name} is a guard of a database"
            works.rows(guard.statement)
        if guard.removal is not None:
            guard.removal(patch)
        yield
    finally:
        patch.undo()


def remove_named() -> None:
    """For `inside`: this process has to do without the guards that the environment names, separated by semicolons."""
    for name in os.environ[UNGUARDED].split(";"):
        removal = GUARDS[name].removal
        assert removal is not None, f"{name} is a guard of a database"
        removal(pytest.MonkeyPatch())
