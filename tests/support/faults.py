"""Handlers that go wrong, in the place of those that do not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from domain.command import Command
from domain.queue.commands import KnockQueue
from workers.handlers import HANDLERS, SETTLES, Handler, Registration, Settle


def handled_by(monkeypatch: pytest.MonkeyPatch, command: type[Command], handler: Handler) -> None:
    """From now on this command is decided by `handler`, with what it wanted before."""
    monkeypatch.setitem(HANDLERS, command, Registration(handler, HANDLERS[command].wants))


@contextmanager
def knocks_that(handler: Handler) -> Iterator[None]:
    """A knock is decided by this, within the block."""
    patch = pytest.MonkeyPatch()
    handled_by(patch, KnockQueue, handler)
    try:
        yield
    finally:
        patch.undo()


def settled_by(monkeypatch: pytest.MonkeyPatch, topic: str, settle: Settle) -> None:
    """From now on the aggregates of a topic are settled by `settle`."""
    monkeypatch.setitem(SETTLES, topic, replace(SETTLES[topic], settle=settle))
