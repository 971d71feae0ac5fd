"""What is asked of the limits for one call, and what they say."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from api_gateway.http.asgi import Pairs
from api_gateway.problems import Problem, problem


@dataclass(frozen=True, slots=True)
class Rule:
    """One ceiling in force. `name` is its policy's, times are in seconds."""

    name: str
    limit: int
    window: int
    label: bytes = field(init=False)
    interval: float = field(init=False)
    tolerance: int = field(init=False)

    def __post_init__(self) -> None:
        """Work out what every call would.

        `label`: the name as headers want it. `interval`: microseconds between two calls at the steady rate.
        `tolerance`: how far, in microseconds, a counter may run ahead.
        """
        object.__setattr__(self, "label", self.name.encode())
        object.__setattr__(self, "interval", self.window * 1_000_000 / self.limit)
        object.__setattr__(self, "tolerance", self.window * 1_000_000)


@dataclass(frozen=True, slots=True)
class Ask:
    """One call before its limits: the rules that apply, and whose counter each of them is.

    `policies` is the RateLimit-Policy header, the same for all calls under the same rules.
    """

    rules: tuple[Rule, ...]
    counters: tuple[str, ...]
    policies: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call passes, and where it stands with the rule nearest to its end (RateLimit headers, IETF draft).

    `remaining` in calls, `reset` in seconds until the counter is empty, `retry_after` in seconds when it does not pass,
    `at` in unix seconds.
    """

    admitted: bool
    rule: Rule | None = None
    policies: str = ""
    remaining: int = 0
    reset: int = 0
    retry_after: int = 0
    at: int = 0

    def headers(self) -> dict[str, str]:
        """The headers of any answer to this call."""
        if self.rule is None:
            return {}
        return {
            "RateLimit-Policy": self.policies,
            "RateLimit": f'"{self.rule.name}";r={self.remaining};t={self.reset}',
            "X-RateLimit-Limit": str(self.rule.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.at + self.reset),
        }

    def raw_headers(self) -> Pairs:
        """The same headers as ASGI wants them."""
        rule = self.rule
        if rule is None:
            return []
        return [
            (b"ratelimit-policy", self.policies.encode()),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (rule.label, self.remaining, self.reset)),
            (b"x-ratelimit-limit", b"%d" % rule.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % (self.at + self.reset)),
        ]

    def problem(self) -> Problem:
        """The refusal of a call that does not pass."""
        over = problem("RATE_LIMITED", "Too many calls; wait as Retry-After says.", retry_after=self.retry_after)
        over.headers |= self.headers()
        return over


PASSES = Verdict(admitted=True)
"""The verdict on a call that no rule applies to."""


def verdict(ask: Ask, stands: Sequence[float], now: float) -> Verdict:
    """The verdict from each counter's theoretical arrival time (microseconds) before this call is counted.

    The generic cell rate algorithm: a call passes while its counter runs at most a window ahead of the clock, so that
    no span of time ever sees more than one window's calls and the steady rate.
    """
    admitted, wait, nearest = True, 0.0, (math.inf, 0)
    for at, (rule, stand) in enumerate(zip(ask.rules, stands, strict=True)):
        after = max(stand, now) + rule.interval
        over = after - now - rule.tolerance
        if over > 0:
            admitted, wait = False, max(wait, over)
        nearest = min(nearest, ((now + rule.tolerance - max(stand, now)) / rule.interval, at))
    rule, stand = ask.rules[nearest[1]], max(stands[nearest[1]], now)
    counted = rule.interval if admitted else 0
    remaining = max(0, int((now + rule.tolerance - stand - counted) / rule.interval + 1e-6))
    reset = math.ceil((stand + counted - now) / 1_000_000)
    wait = math.ceil(wait * _spread(ask) / 1_000_000) if wait else 0
    return Verdict(admitted, rule, ask.policies, remaining, reset, wait, int(now / 1_000_000))


def _spread(ask: Ask) -> float:
    """Up to a fifth longer, differently for each caller, so that those who were refused together come back apart."""
    return 1 + zlib.crc32("".join(ask.counters).encode()) % 1000 / 5000
