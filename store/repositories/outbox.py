"""Mails that decisions owe: written with them, never read back by them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.mail import OutboxMail
from store import outbox
from store.repositories.base import Repository


class Mails(Repository[UUID, OutboxMail]):
    """The mails of a drain, by id. A decision names what it owes in its `saves`."""

    def _key(self, state: OutboxMail) -> tuple[UUID, UUID]:
        return state.tenant_id, state.id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[OutboxMail]:
        raise TypeError(f"Decisions owe mails and do not read them: {len(wanted)} asked for.")

    def _insert(self, states: list[OutboxMail]) -> None:
        outbox.owe(self._scope.connection, states)

    _update = _insert
