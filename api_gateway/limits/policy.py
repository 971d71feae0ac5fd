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
    """Rules that apply together, the beginnings of their counters' names, and the header that tells of them."""

    rules: tuple[Rule, ...]
    counters: tuple[tuple[str, str], ...]
    header: str


@dataclass(frozen=True, slots=True)
class _Policy:
    """The rules of one class for one organization; each with what it counts by."""

    told: tuple[Any, Any]
    rules: tuple[tuple[str, Rule], ...]
    trusted: tuple[Network, ...]
    answers: dict[str, bool] = field(default_factory=dict)
    combinations: dict[tuple[str, ...], _Applying] = field(default_factory=dict)

    def applying(self, counted_by: tuple[str, ...]) -> _Applying:
        """The rules that count by one of these, worked out once for each combination."""
        known = self.combinations.get(counted_by)
        if known is None:
            applies = [(by, rule) for by, rule in self.rules if by in counted_by]
            rules = tuple(rule for _, rule in applies)
            counters = tuple((f"{rule.name}:", by) for by, rule in applies)
            known = self.combinations[counted_by] = _Applying(rules, counters, _header(rules))
        return known

    def trusts(self, address: str) -> bool:
        """Whether the organization trusts this address; asked for every call, so the answer is kept."""
        known = self.answers.get(address)
        if known is None:
            if len(self.answers) >= KEPT:
                self.answers.clear()
            known = self.answers[address] = within(address, self.trusted)
        return known


class Policies:
    """Makes the Ask of a call. The rules of an organization are worked out once for each change of its settings."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, str], _Policy] = {}

    def ask(self, limit_class: str, caller: Caller, address: str) -> Ask:
        """What this call asks of the limits. `address` as `Addresses` gives it."""
        policy = self._policy(limit_class, caller.key)
        whose = {"key": caller.key_id.hex}
        if caller.consumer_id is not None:
            whose["consumer"] = caller.consumer_id.hex
        if not policy.trusts(address):
            whose["address"] = f"{caller.tenant_id.hex}:{address}"
        applying = policy.applying(tuple(whose))
        return Ask(applying.rules, tuple(name + whose[by] for name, by in applying.counters), applying.header)

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
