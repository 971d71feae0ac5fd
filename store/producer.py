"""The message producer: sends commands into the installation without HTTP, by the door that the gateway uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from domain.command import SYSTEM_ACTOR, Actor, Command, Envelope
from domain.decision import Outcome, Refused, Reply
from store import command_log, journal
from store.command_log import Place
from store.database import GATEWAY, engine, partitions, see_tenants

Ring = Callable[[Iterable[tuple[str, int]]], None]
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25


class Producer:
    """Appends typed commands, rings for them, and waits for what is decided.

    `ring` wakes partitions, given as (topic, part), and returns at once; `new_id` makes ids of commands. Safe to use
    from several threads.
    """

    def __init__(self, appender: Appender, ring: Ring, new_id: Callable[[], UUID]) -> None:
        self._appender, self._ring, self._new_id = appender, ring, new_id

    def envelope(self, tenant_id: UUID, command: Command, actor: Actor = SYSTEM_ACTOR) -> Envelope[Command]:
        """A command ready to be sent, under a fresh id. Keep it: to send it again is to send the same envelope again."""
        command_id = self._new_id()
        return Envelope(command_id, tenant_id, actor, command_id, command)

    def send(self, *envelopes: Envelope[Command], seconds: float = 5.0) -> None:
        """Append all or nothing. When this returns, they are in the ledger and will be decided once, in the order per aggregate.

        A failing store is tried again for `seconds`, with the same ids. SQLAlchemyError after that: it is not known
        whether they were appended, so send the same envelopes again.
        """
        until, pause = time.monotonic() + seconds, FIRST_PAUSE
        may_repeat = [replace(sent, may_repeat=True) for sent in envelopes]
        while True:
            try:
                places = self._appender.append(may_repeat)
            except SQLAlchemyError:
                if time.monotonic() + pause > until:
                    raise
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self._ring((place.topic, place.part) for place in places)
                return

    def outcome(self, sent: Envelope[Command], seconds: float = 5.0) -> Outcome | None:
        """What was decided, waited for `seconds`; None when nothing was yet. Secrets are never part of it.

        Outcomes are kept for a day.
        """
        return self.outcomes([sent], seconds).get(sent.id)

    def outcomes(self, sent: Sequence[Envelope[Command]], seconds: float = 5.0) -> dict[UUID, Outcome]:
        """What was decided about several commands of one tenant, by command id, as far as it was within `seconds`."""
        until, pause = time.monotonic() + seconds, FIRST_PAUSE
        while True:
            found = self._look(sent)
            if len(found) == len({one.id for one in sent}) or time.monotonic() + pause > until:
                return found
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def ask(
        self, tenant_id: UUID, command: Command, actor: Actor = SYSTEM_ACTOR, seconds: float = 5.0
    ) -> Outcome | None:
        """Send one command and wait for its outcome."""
        sent = self.envelope(tenant_id, command, actor)
        self.send(sent)
        return self.outcome(sent, seconds)

    def _look(self, sent: Sequence[Envelope[Command]]) -> dict[UUID, Outcome]:
        tenants = {one.tenant_id for one in sent}
        if len(tenants) > 1:
            raise ValueError("outcomes are looked up for one tenant at a time")
        kept = self._appender.outcomes(tenants.pop(), [one.id for one in sent]) if tenants else {}
        return {command_id: outcome_of(stored) for command_id, stored in kept.items() if stored is not None}


class Appender:
    """Appends commands in a transaction of its own: when `append` returns, they are in the ledger and will be decided."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        with engine.connect() as connection:
            self._partitions = partitions(connection)

    def append(self, envelopes: Sequence[Envelope[Command]]) -> set[Place]:
        """Append all or nothing; returns the partitions to ring. SQLAlchemyError: outcome unknown, append the same again."""
        with self._engine.begin() as connection:
            return command_log.append(connection, envelopes, self._partitions, self._name)

    def outcomes(self, tenant_id: UUID, command_ids: Sequence[UUID]) -> dict[UUID, Any]:
        """What was decided about commands of a tenant, as far as it was."""
        with self._engine.connect() as connection:
            see_tenants(connection, [tenant_id])
            return journal.outcomes(connection, command_ids)


@contextmanager
def producing(url: str, name: str, ring: Ring, new_id: Callable[[], UUID], *, pool: int = 2) -> Iterator[Producer]:
    """A producer for the length of a block, under the role of `url` and a `name` that the log shows."""
    connections = engine(url, GATEWAY, pool=pool)
    try:
        yield Producer(Appender(connections, name), ring, new_id)
    finally:
        connections.dispose()


def outcome_of(stored: dict[str, Any]) -> Outcome:
    """A stored outcome as it was decided, without its secrets."""
    refused = stored.get("refused")
    if refused is not None:
        return Refused(refused["code"], refused["detail"], refused["retryAfter"], refused["field"])
    return Reply(stored["body"], created=stored["created"])
