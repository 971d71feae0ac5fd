"""Tries that count against nobody: what was counted is taken back where it was not the command that failed.

A careful try is counted before it is made, so that the death of the process counts by itself. Whoever lives to see a try
end knows more: a try that had not begun, or whose server said that it was going down, was lost by nobody's fault. That a
connection just broke may have been the network or the server, or the command, of which the server dies; nothing tells
these apart, so that each process takes back so many of them for each command and no more. All else counts: what the
server refused, and what took too long, because the same would happen again for ever.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import psycopg

from store import command_log
from store.command_log import Batch
from store.database import AWAY
from store.ledger import Ledger
from store.pipelined import committing

MOST_BROKEN = 20
GOING_DOWN = frozenset({"57P01", "57P02", "57P03"})


class Spared:
    """The tries that a process has to take back from the log: at once, or as soon as the store is there again."""

    def __init__(self) -> None:
        self._owed: dict[Batch, None] = {}
        self._broken = Counter[tuple[int, int]]()

    def owe(self, batch: Batch) -> None:
        """The last try of the first command of a batch is to be taken back: it was not made."""
        self._owed[batch] = None

    def lost(self, batch: Batch, failure: Exception) -> None:
        """A try has ended because of the store: it is taken back if the command did not do it, as far as is known."""
        if _is_going_down(failure) or (_is_broken(failure) and self._may_break(batch)):
            self.owe(batch)

    def decided(self, batch: Batch) -> None:
        """The first command of a batch has come to its end, and nobody has to remember it."""
        self._broken.pop(_first_of(batch), None)

    def take_back(self, ledger: Ledger) -> None:
        """Take back what is owed, now or, where the store is away, another time."""
        for batch in list(self._owed):
            with suppress(*AWAY):
                with ledger.opened() as connection, committing(connection):
                    command_log.take_back_try(connection, batch)
                self._owed.pop(batch, None)

    def _may_break(self, batch: Batch) -> bool:
        self._broken[_first_of(batch)] += 1
        return self._broken[_first_of(batch)] <= MOST_BROKEN


def _first_of(batch: Batch) -> tuple[int, int]:
    """What tells the first command of a batch from the later ones, which are first when it is gone: less is left then."""
    return batch.position, len(batch.body)


def _is_going_down(failure: Exception) -> bool:
    return isinstance(failure, psycopg.Error) and failure.sqlstate in GOING_DOWN


def _is_broken(failure: Exception) -> bool:
    """Whether the connection broke, and the server said nothing."""
    return (
        isinstance(failure, psycopg.OperationalError)
        and failure.sqlstate is None
        and not isinstance(failure, psycopg.errors.PipelineAborted)
    )
