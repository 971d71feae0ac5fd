"""When a grant is good, and why it is not: the same for every kind that gives grants.

Source: the machine of admission grants. Like every window, the time of a grant excludes its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from domain.decision import Refused, Reply
from domain.distribution.order import Completion, OrderDetails, order_facts

LIVE: Final = frozenset({"GRANTED", "WON"})
"""The statuses of participations that hold a live grant, whatever their kind."""

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "GRANT_INVALID": "There is no such grant.",
        "GRANT_EXPIRED": "The grant's time is over.",
        "GRANT_ALREADY_USED": "The grant was used for another order.",
        "GRANT_REVOKED": "The grant was given back or taken away.",
        "CONSUMER_MISMATCH": "The grant belongs to another consumer.",
        "VALIDATION_LIMIT_REACHED": "The grant was validated too often and is revoked.",
    }
)
_USED: Final = {"COMPLETED": "GRANT_ALREADY_USED", "LEFT": "GRANT_REVOKED"}


C = TypeVar("C", bound=Completion)


class Holder(Protocol):
    """A participation, as far as its grant is concerned."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant."""

    @property
    def id(self) -> UUID:
        """The participation."""

    @property
    def consumer_id(self) -> UUID:
        """Whose it is."""

    @property
    def status(self) -> str:
        """Where it stands."""

    @property
    def reason(self) -> str | None:
        """Why it was denied, if it was."""

    @property
    def grant_id(self) -> UUID | None:
        """The grant that it was given last."""

    @property
    def requeues(self) -> int:
        """How often a grant has lapsed and it went on waiting."""

    @property
    def order_id(self) -> str | None:
        """The order that used the grant up."""


class Asked(Protocol):
    """A question about a grant: which one, and by whom it is held as far as the asker knows."""

    @property
    def grant_id(self) -> UUID:
        """The grant."""

    @property
    def consumer_id(self) -> UUID | None:
        """The holder, if the asker named one."""


class Using(Protocol):
    """An order that is to use a grant up: the grant that is named, or that of whoever holds it."""

    @property
    def entry_id(self) -> UUID | None:
        """The participation, where the grant was presented."""

    @property
    def grant_id(self) -> UUID | None:
        """The grant, where it was presented."""

    @property
    def order_id(self) -> str:
        """The order."""


def invalid(entry: Holder | None, ends_at: datetime | None, asked: Asked, received_at: datetime) -> str | None:
    """Why a grant is not good at a moment; None when it is. `ends_at` is when it ends, whatever was promised included."""
    if entry is None:
        return "GRANT_INVALID"
    if asked.consumer_id is not None and asked.consumer_id != entry.consumer_id:
        return "CONSUMER_MISMATCH"
    why_ended = ended(entry, asked.grant_id)
    if why_ended is not None:
        return why_ended
    return "GRANT_EXPIRED" if ends_at is None or received_at >= ends_at else None


def ended(entry: Holder, grant_id: object) -> str | None:
    """Why a grant that was once given is no longer live; None when it is, or when none was given."""
    if entry.grant_id != grant_id:
        return "GRANT_EXPIRED" if entry.requeues else "GRANT_INVALID"
    if entry.grant_id is None:
        return None
    if entry.status == "DENIED":
        return "GRANT_EXPIRED" if entry.reason == "ADMISSION_EXPIRED" else "GRANT_REVOKED"
    return _USED.get(entry.status)


def unusable(entry: Holder | None, using: Using, *, over: bool) -> Refused | None:
    """Why an order cannot use the grant up; None when it can, or has. `over` says that its time and grace are over."""
    if entry is None:
        return Refused("GRANT_INVALID" if using.entry_id else "NO_LIVE_GRANT", WORDS["GRANT_INVALID"])
    if entry.status == "COMPLETED" and entry.order_id == using.order_id:
        return None
    why_ended = ended(entry, using.grant_id if using.entry_id else entry.grant_id)
    if why_ended is not None:
        return Refused(why_ended, WORDS[why_ended])
    if entry.status not in LIVE:
        return Refused("NO_LIVE_GRANT", "This consumer holds no live grant.")
    return Refused("GRANT_EXPIRED", WORDS["GRANT_EXPIRED"]) if over else None


def is_over(ends_at: datetime | None, grace_seconds: int, at: datetime) -> bool:
    """Whether a grant's time and its grace are over."""
    return ends_at is None or at >= ends_at + timedelta(seconds=grace_seconds)


def verdict(code: str | None) -> Reply:
    """The answer that a grant is not good, and why."""
    known = code or "GRANT_INVALID"
    return Reply({"valid": False, "code": known, "reason": WORDS[known]})


def completion_of(
    kind: type[C], entry: Holder, distribution_id: UUID, told: OrderDetails, minor: int | None, currency: str | None
) -> C:
    """What is kept of an order: `minor` is its amount in minor units of the currency that it names, else of `currency`."""
    items = tuple(item.model_dump(mode="json", by_alias=True) for item in told.items)
    named = told.currency_code or (None if minor is None else currency)
    return kind(entry.tenant_id, entry.id, distribution_id, minor, named, items, dict(told.metadata))


def with_order(body: Mapping[str, Any], order: Completion | None) -> dict[str, Any]:
    """The state of a completed participation with its order."""
    return {**body, "order": order and order_facts(order)}
