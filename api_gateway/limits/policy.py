"""Which rules apply to a call: the table's, as far as the organization has not set its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from api_gateway.auth import Caller, Key
from api_gateway.limits.addresses import Network, networks, within
from api_gateway.limits.asks import Ask, Rule
from api_gateway.limits.classes import CLASSES, Ceiling

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Applying:
    """Rules that apply together, their counters' names, and the header that tells of them.

    `personal` says of each counter whether the consumer's id is still to be added to its name.
    """

    rules: tuple[Rule, ...]
    counters: tuple[str, ...]
    personal: tuple[bool, ...]
    header: str


@dataclass(frozen=True, slots=True)
class _Policy:
    """The rules of one class for one organization; each with what it counts by."""

    told: tuple[Any, Any]
    rules: tuple[tuple[str, Rule], ...]
    trusted: tuple[Network, ...]
    combinations: dict[tuple[str, bool], _Applying] = field(default_factory=dict)

    def applying(self, caller: Caller, address: str) -> _Applying:
        """The rules for calls by this key from this address, worked out once for consumers and once for others."""
        personal = caller.consumer_id is not None
        known = self.combinations.get((address, personal))
        if known is None:
            if len(self.combinations) >= KEPT:
                self.combinations.clear()
            known = self.combinations[address, personal] = self._worked_out(caller, address, personal=personal)
        return known

    def _worked_out(self, caller: Caller, address: str, *, personal: bool) -> _Applying:
        whose = {"key": caller.key_id.hex} | ({"consumer": ""} if personal else {})
        if not within(address, self.trusted):
            whose["address"] = f"{caller.tenant_id.hex}:{address}"
        applies = [(by, rule) for by, rule in self.rules if by in whose]
        rules = tuple(rule for _, rule in applies)
        counters = tuple(f"{rule.name}:{whose[by]}" for by, rule in applies)
        return _Applying(rules, counters, tuple(by == "consumer" for by, _ in applies), _header(rules))


class Policies:
    """Makes the Ask of a call. The rules of an organization are worked out once for each change of its settings."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, str], _Policy] = {}

    def ask(self, limit_class: str, caller: Caller, address: str) -> Ask:
        """What this call asks of the limits. `address` as `Addresses` gives it."""
        applying, who = self._policy(limit_class, caller.key).applying(caller, address), caller.consumer_id
        counters = applying.counters
        if who is not None:
            mine, named = who.hex, zip(counters, applying.personal, strict=True)
            counters = tuple([name + mine if personal else name for name, personal in named])
        return Ask(applying.rules, counters, applying.header)

    def _policy(self, limit_class: str, key: Key) -> _Policy:
        told = (key.settings.get("rateLimits"), key.settings.get("trustedNetworks"))
        known = self._known.get((key.id, limit_class))
        if known is None or known.told != told:
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            known = self._known[key.id, limit_class] = _worked_out(limit_class, *told)
        return known


def _worked_out(limit_class: str, own: Mapping[str, Any] | None, trusted: Sequence[str] | None) -> _Policy:
    changes = (own or {}).get(limit_class) or {}
    ceilings: dict[str, Ceiling | None] = dict(CLASSES[limit_class].ceilings)
    for by, change in changes.items():
        ceilings[by] = _ceiling(change)
    rules = [(by, rule) for by, ceiling in ceilings.items() for rule in _rules(f"{limit_class}-{by}", ceiling)]
    return _Policy((own, trusted), tuple(rules), networks(trusted or ()))


def _ceiling(told: Mapping[str, Any] | None) -> Ceiling | None:
    """An organization's own ceiling; null switches it off."""
    return None if told is None else Ceiling(told["limit"], told["windowSeconds"], told.get("burst"))


def _rules(name: str, ceiling: Ceiling | None) -> list[Rule]:
    if ceiling is None:
        return []
    burst = [] if ceiling.burst is None else [Rule(f"{name}-burst", ceiling.burst, 1)]
    return [Rule(name, ceiling.limit, ceiling.window), *burst]


def _header(rules: tuple[Rule, ...]) -> str:
    return ", ".join(f'"{rule.name}";q={rule.limit};w={rule.window}' for rule in rules)
