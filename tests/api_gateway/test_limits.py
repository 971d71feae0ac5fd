"""Limits: what passes, what does not, and that many gateways share one budget."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.auth import Caller, Key
from api_gateway.limits import Addresses, Ask, Policies, ReadLimits, Rule, Verdict, WriteLimits, terms
from runtime.broker import redis_client
from runtime.clock import Clock
from tests.support.servers import wait_until


class HeldClock(Clock):
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._began = super().now()
        self.passed = timedelta(0)

    def now(self) -> datetime:
        """As it was held."""
        return self._began + self.passed


def make_key(**settings: object) -> Key:
    one = UUID(int=1)
    return Key(one, one, "live", "hall", "ACTIVE", settings, one, "publishable", frozenset(), "ACTIVE", None)


def make_ask(limit: int, window: int = 60, who: str = "x") -> Ask:
    rule = Rule("entry-consumer", limit, window)
    return Ask((rule,), (f"entry-consumer:{who}",), f'"entry-consumer";q={limit};w={window}')


@pytest.fixture
def client(redis_server: str) -> Iterator[redis.Redis]:
    made = redis.Redis.from_url(redis_server)
    made.flushall()
    yield made
    made.close()


def test_ten_calls_pass_and_the_eleventh_waits() -> None:
    clock = HeldClock()
    limits = ReadLimits(clock)
    said = [limits.admit(make_ask(10, 10)) for _ in range(11)]
    assert [one.admitted for one in said] == [True] * 10 + [False]
    assert [one.remaining for one in said] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert said[-1].retry_after in {1, 2}


def test_a_refused_call_is_not_counted() -> None:
    clock = HeldClock()
    limits = ReadLimits(clock)
    for _ in range(30):
        limits.admit(make_ask(10, 10))
    clock.passed = timedelta(seconds=1)
    assert limits.admit(make_ask(10, 10)).admitted


@given(gaps=st.lists(st.integers(0, 3000), min_size=1, max_size=80))
def test_no_span_sees_more_than_a_window_and_the_steady_rate(gaps: list[int]) -> None:
    clock, admitted = HeldClock(), []
    limits = ReadLimits(clock)
    for gap in gaps:
        clock.passed += timedelta(milliseconds=gap)
        if limits.admit(make_ask(5, 10)).admitted:
            admitted.append(clock.passed.total_seconds())
    for first in range(len(admitted)):
        for last in range(first, len(admitted)):
            assert last - first + 1 <= 5 + (admitted[last] - admitted[first]) * 0.5 + 1e-6


def test_the_memory_of_counters_is_bounded() -> None:
    limits = ReadLimits(HeldClock(), kept=100)
    for number in range(1000):
        limits.admit(make_ask(10, who=str(number)))
    assert len(limits._counters) <= 101


def test_headers_name_the_policy_that_is_nearest_to_its_end() -> None:
    rules = (Rule("entry-consumer", 10, 10), Rule("entry-address", 1200, 60))
    ask = Ask(rules, ("c:1", "a:1"), '"entry-consumer";q=10;w=10, "entry-address";q=1200;w=60')
    headers = ReadLimits(HeldClock()).admit(ask).headers()
    assert headers["RateLimit-Policy"] == '"entry-consumer";q=10;w=10, "entry-address";q=1200;w=60'
    assert headers["RateLimit"] == '"entry-consumer";r=9;t=1'
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("10", "9")


def test_a_refusal_says_when_to_come_back() -> None:
    limits = ReadLimits(HeldClock())
    limits.admit(make_ask(1, 60))
    over = limits.admit(make_ask(1, 60)).problem()
    assert (over.status, over.code) == (429, "RATE_LIMITED")
    assert over.retry_after is not None
    assert 60 <= over.retry_after <= 72


def test_two_gateways_share_one_budget(client: redis.Redis) -> None:
    gateways = [WriteLimits(client, Clock()) for _ in range(2)]
    said: list[Verdict] = []
    for number in range(14):
        said += gateways[number % 2].admit([make_ask(10, 60)])
    assert sum(one.admitted for one in said) == 10


def test_a_group_is_counted_call_by_call(client: redis.Redis) -> None:
    limits = WriteLimits(client, Clock())
    said = limits.admit([make_ask(3, 60, who) for who in ("a", "a", "b", "a", "a", "b")])
    assert [one.admitted for one in said] == [True, True, True, True, False, True]
    assert [one.remaining for one in said][:4] == [2, 1, 2, 0]


def test_a_call_over_one_limit_costs_nothing_of_the_others(client: redis.Redis) -> None:
    limits = WriteLimits(client, Clock())
    small, large = Rule("small", 1, 60), Rule("large", 10, 60)
    both = Ask((small, large), ("small:x", "large:x"), "")
    assert [one.admitted for one in limits.admit([both] * 5)] == [True] + [False] * 4
    only = Ask((large,), ("large:x",), "")
    assert (limits.admit([only]))[0].remaining == 8


def test_thousands_of_calls_go_in_one_group(client: redis.Redis) -> None:
    rules = tuple(Rule(name, 1000, 60) for name in ("a", "b", "c", "d"))
    asks = [Ask(rules, tuple(f"{rule.name}:{number}" for rule in rules), "") for number in range(2500)]
    said = WriteLimits(client, Clock()).admit(asks)
    assert (len(said), all(one.admitted for one in said)) == (2500, True)


def test_a_call_without_limits_passes_among_others(client: redis.Redis) -> None:
    free = Ask((), (), "")
    said = WriteLimits(client, Clock()).admit([free, make_ask(1), free, make_ask(1)])
    assert [one.admitted for one in said] == [True, True, True, False]
    assert WriteLimits(client, Clock()).admit([free])[0].headers() == {}


def test_without_redis_a_gateway_counts_alone() -> None:
    away = redis_client("redis://127.0.0.1:1/0")
    limits = WriteLimits(away, Clock())
    said = [(limits.admit([make_ask(10, 60)]))[0].admitted for _ in range(12)]
    assert said == [True] * 10 + [False] * 2
    away.close()


def test_limits_agree_with_the_script(client: redis.Redis) -> None:
    said = WriteLimits(client, Clock()).admit([make_ask(5, 10)] * 7)
    alone = ReadLimits(HeldClock())
    assert [(one.admitted, one.remaining) for one in said] == [
        (one.admitted, one.remaining) for one in (alone.admit(make_ask(5, 10)) for _ in range(7))
    ]


def test_an_organization_sets_its_own_ceilings() -> None:
    own = {"entry": {"consumer": {"limit": 3, "windowSeconds": 5}, "address": None}}
    caller = Caller(make_key(rateLimits=own), "consumer", UUID(int=7), UUID(int=8))
    ask = Policies().ask("entry", caller, "192.0.2.1")
    assert [(rule.name, rule.limit, rule.window) for rule in ask.rules] == [
        ("entry-key", 1_200_000, 60), ("entry-key-burst", 40_000, 1), ("entry-consumer", 3, 5),
    ]  # fmt: skip


def test_a_trusted_network_is_not_counted_by_address() -> None:
    caller = Caller(make_key(trustedNetworks=["192.0.2.0/24"]), "publishable")
    names = {rule.name for rule in Policies().ask("session", caller, "192.0.2.77").rules}
    assert names == {"session-key"}
    names = {rule.name for rule in Policies().ask("session", caller, "198.51.100.1").rules}
    assert names == {"session-key", "session-address"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        (None, "198.51.100.1", "unknown"),
    ],
)
def test_an_address_is_believed_only_from_proxies_of_ours(peer: str | None, forwarded: str | None, found: str) -> None:
    headers = {} if forwarded is None else {b"x-forwarded-for": forwarded.encode()}
    assert Addresses("10.0.0.0/8, ::1").of(peer, headers) == found


def test_those_who_were_refused_together_come_back_apart() -> None:
    waits = set()
    for who in map(str, range(200)):
        limits = ReadLimits(HeldClock())
        limits.admit(make_ask(1, 100, who))
        waits.add(limits.admit(make_ask(1, 100, who)).retry_after)
    assert len(waits) > 10
    assert all(later - sooner <= 3 for sooner, later in pairwise(sorted(waits)))


def test_a_gateway_asks_redis_again_when_it_is_back(client: redis.Redis) -> None:
    limits = WriteLimits(client, Clock())
    limits._again_at = Clock().monotonic() + 0.05
    assert (limits.admit([make_ask(10)]))[0].remaining == 9
    wait_until(lambda: bool(limits.admit([make_ask(1_000_000)]) and client.keys("limit:*")))


def test_a_glance_counts_on_the_same_counters_and_tells_the_same_as_a_full_look() -> None:
    clock = HeldClock()
    glancing, admitting = ReadLimits(clock), ReadLimits(clock)
    ask = make_ask(5)
    for limits in (glancing, admitting):
        limits.admit(ask)
    counters = glancing.counters(ask)
    for _ in range(4):
        said = glancing.glance(terms(ask.rules, ask.policies), counters, clock.now().timestamp() * 1_000_000)
        assert said == admitting.admit(ask).raw_headers()
    assert glancing.glance(terms(ask.rules, ask.policies), counters, clock.now().timestamp() * 1_000_000) is None
    assert not glancing.admit(ask).admitted


def test_a_glance_at_a_counter_that_was_forgotten_goes_the_long_way() -> None:
    clock = HeldClock()
    limits = ReadLimits(clock, kept=1)
    ask = make_ask(5, who="a")
    counters = limits.counters(ask)
    limits.admit(ask)
    for who in map(str, range(70)):
        limits.admit(make_ask(5, who=who))
    assert limits.glance(terms(ask.rules, ask.policies), counters, clock.now().timestamp() * 1_000_000) is None
