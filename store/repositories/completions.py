"""What shops said of the orders that used grants up: written once, with the completion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, ClassVar, Protocol
from uuid import UUID

from sqlalchemy import Row

from domain.distribution.grants import Holder
from domain.distribution.order import Completion
from domain.draw.state import DrawCompletion
from domain.organizations.state import Organization
from store.repositories.base import Tenancy
from store.repositories.by_id import ById
from store.repositories.organizations import see_also
from store.tables.draw import draw_completion
from store.tables.queue import queue_completion

_PAID_UNDER = """
SELECT EXISTS (SELECT FROM sequence s JOIN queue q ON q.tenant_id = s.tenant_id AND q.sequence_id = s.id
  JOIN queue_completion c ON c.tenant_id = q.tenant_id AND c.queue_id = q.id AND c.order_amount IS NOT NULL
  WHERE s.tenant_id = %s AND s.experience_id = %s)
OR EXISTS (SELECT FROM sequence s JOIN draw d ON d.tenant_id = s.tenant_id AND d.sequence_id = s.id
  JOIN draw_completion c ON c.tenant_id = d.tenant_id AND c.draw_id = d.id AND c.order_amount IS NOT NULL
  WHERE s.tenant_id = %s AND s.experience_id = %s)"""
_PAID_IN = """
SELECT EXISTS (SELECT FROM queue_completion WHERE tenant_id = ANY (%s::uuid[]) AND order_amount IS NOT NULL)
OR EXISTS (SELECT FROM draw_completion WHERE tenant_id = ANY (%s::uuid[]) AND order_amount IS NOT NULL)"""
_LOCK_EXPERIENCE = "SELECT FROM experience WHERE tenant_id = %s AND id = %s FOR UPDATE"
_LOCK_ORGANIZATION = "SELECT FROM organization WHERE tenant_id = ANY (%s::uuid[]) ORDER BY tenant_id FOR UPDATE"
_CURRENCY = """
SELECT coalesce(e.settings->>'currencyCode', o.settings->>'currencyCode') FROM experience e
JOIN organization o ON o.tenant_id = e.tenant_id AND o.id = e.organization_id
WHERE e.tenant_id = %s AND e.id = %s FOR SHARE OF e, o"""


class Distribution(Protocol):
    """What an order was placed under."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant."""

    @property
    def experience_id(self) -> UUID:
        """The launch, whose currency it is."""


class Completions(ById[Completion]):
    """The orders of completed participations of queues, by the participations' ids.

    `owner` is the column of the distribution.
    """

    table = queue_completion
    kind: ClassVar[type[Completion]] = Completion
    owner: ClassVar[str] = "queue_id"

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._currencies: dict[tuple[UUID, UUID], str | None] = {}

    def currency_of(self, sold_by: Distribution) -> str | None:
        """What amounts are in that name no currency. It cannot change before this drain has ended."""
        key = (sold_by.tenant_id, sold_by.experience_id)
        if key not in self._currencies:
            self._currencies[key] = self._scope.connection.exec_driver_sql(_CURRENCY, key).scalar()
        return self._currencies[key]

    def paid_under(self, experience_id: UUID) -> bool:
        """Whether an order with money was recorded under an experience. None will be before this drain has ended."""
        return self._paid(_LOCK_EXPERIENCE, _PAID_UNDER, (self._scope.tenant_id, experience_id))

    def paid_in(self, organization: Organization | None) -> bool:
        """Whether an order with money was recorded in either mode. None will be before this drain has ended."""
        if organization is None:
            return False
        tenants = list(organization.tenants.values())
        see_also(self._scope.connection, tenants)
        return self._paid(_LOCK_ORGANIZATION, _PAID_IN, (tenants,))

    def among(self, entries: Iterable[Holder], order_id: str) -> tuple[Completion, ...]:
        """What is kept of this order, where one of these participations was completed by it before."""
        done = (entry.id for entry in entries if entry.status == "COMPLETED" and entry.order_id == order_id)
        return tuple(kept for entry_id in done if (kept := self.get(entry_id)) is not None)

    def _paid(self, lock: str, found: str, values: tuple[object, ...]) -> bool:
        """Look once the lock is there: an order that is being recorded holds it until it can be seen."""
        self._scope.connection.exec_driver_sql(lock, values)
        return bool(self._scope.connection.exec_driver_sql(found, (*values, *values)).scalar())

    def _state(self, row: Row[Any]) -> Completion:
        kept = row._asdict()
        own_id = kept.pop(self.owner)
        return self.kind(**kept | {"items": tuple(row.items), "distribution_id": own_id})

    def _row(self, state: Completion) -> object:
        kept = asdict(state)
        own_id = kept.pop("distribution_id")
        return kept | {self.owner: own_id}


class DrawCompletions(Completions):
    """The orders of completed wins."""

    table = draw_completion
    kind = DrawCompletion
    owner = "draw_id"
