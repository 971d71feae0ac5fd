"""What a shop says of the order that used a grant up: told once, with the completion, and kept with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.money import Amount, CurrencyCode, amount_text, minor_units
from domain.settings import Settings
from domain.values import Metadata


class OrderItem(Settings):
    """So many units of a product, or of a variant of it, by their ids in the shop's catalogue here."""

    product_id: Annotated[UUID, Field(strict=False)]
    variant_id: Annotated[UUID, Field(strict=False)] | None = None
    quantity: int = Field(1, ge=1, le=1000)


class OrderDetails(Settings):
    """What was ordered: the amount in the experience's currency unless another is named, the items, free metadata."""

    order_amount: Amount | None = None
    currency_code: CurrencyCode | None = None
    items: tuple[OrderItem, ...] = Field((), max_length=500, strict=False)
    metadata: Metadata = Field(default_factory=dict)

    @property
    def told(self) -> bool:
        """Whether anything was said."""
        return self != OrderDetails()


@dataclass(frozen=True, slots=True)
class Completion:
    """The order of a completed participation, under the participation's id. The amount is in minor units."""

    tenant_id: UUID
    id: UUID
    distribution_id: UUID
    order_amount: int | None = None
    currency_code: str | None = None
    items: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


def amount_of(details: OrderDetails, currency: str | None) -> tuple[int | None, str | None]:
    """The amount in minor units, and why it is none: `currency` is what amounts are in that name no other."""
    if details.order_amount is None:
        return None, None
    named = details.currency_code or currency
    if named is None:
        return None, "Name the currencyCode of the amount."
    minor = minor_units(details.order_amount, named)
    return minor, None if minor is not None else f"{details.order_amount} has more digits than {named} has."


def order_facts(completion: Completion) -> dict[str, Any]:
    """The order as it is told and kept."""
    currency, minor = completion.currency_code, completion.order_amount
    return {
        "orderAmount": None if minor is None or currency is None else amount_text(minor, currency),
        "currencyCode": currency,
        "items": list(completion.items),
        "metadata": completion.metadata,
    }
