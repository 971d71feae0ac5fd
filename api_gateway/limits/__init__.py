"""Rate limits: classes of calls, ceilings per key, consumer and address, and the counters behind them."""

from api_gateway.limits.addresses import Addresses
from api_gateway.limits.asks import PASSES, Ask, Rule, Verdict
from api_gateway.limits.buckets import Counter, ReadLimits, Terms, terms
from api_gateway.limits.classes import (
    ADMIN_READ,
    ADMIN_WRITE,
    CLASSES,
    ENTRY,
    PUBLIC,
    REFRESH,
    SERVER,
    SESSION,
    STATUS,
    STREAM,
    Ceiling,
)
from api_gateway.limits.policy import Policies
from api_gateway.limits.writes import WriteLimits

__all__ = [
    "ADMIN_READ",
    "ADMIN_WRITE",
    "CLASSES",
    "ENTRY",
    "PASSES",
    "PUBLIC",
    "REFRESH",
    "SERVER",
    "SESSION",
    "STATUS",
    "STREAM",
    "Addresses",
    "Ask",
    "Ceiling",
    "Counter",
    "Policies",
    "ReadLimits",
    "Rule",
    "Terms",
    "Verdict",
    "WriteLimits",
    "terms",
]
