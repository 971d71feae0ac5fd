"""Handlers that go wrong, in the place of those that do not."""

import pytest

from domain.command import Command
from workers.handlers import HANDLERS, Handler, Registration


def handled_by(monkeypatch: pytest.MonkeyPatch, command: type[Command], handler: Handler) -> None:
    """From now on this command is decided by `handler`, with what it wanted before."""
    monkeypatch.setitem(HANDLERS, command, Registration(handler, HANDLERS[command].wants))
