"""Opening what was taken from the log: the commands that this program knows, and apart from them those it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.command import Command, Envelope
from store.command_log import Batch
from store.wire import Unknown, arrays, decode
from workers.decide import Taken
from workers.handlers import HANDLERS


def opened(batches: Sequence[Batch]) -> tuple[list[Taken], list[tuple[Batch, Unknown]]]:
    """The commands of batches in order, and apart from them those that this program does not know."""
    taken, unknown = list[Taken](), list[tuple[Batch, Unknown]]()
    for batch in batches:
        for array in arrays(batch.body):
            sent = understood(array)
            if isinstance(sent, Unknown):
                unknown.append((batch, sent))
            else:
                taken.append(Taken(sent, batch.appended_at))
    return taken, unknown


def understood(array: list[Any]) -> Envelope[Command] | Unknown:
    """One command. Unknown is also what can be read and has no handler here: a newer worker has one."""
    sent = decode(array)
    if isinstance(sent, Unknown) or type(sent.body) in HANDLERS:
        return sent
    return Unknown(sent.id, sent.body.type, sent.body.version, array)
