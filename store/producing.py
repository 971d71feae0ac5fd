"""The message producer's door: append commands without HTTP, and look their outcomes up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from domain.command import Command, Envelope
from store import command_log, journal
from store.command_log import Place
from store.database import partitions, see_tenants


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
