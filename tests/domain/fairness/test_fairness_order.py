"""The order is one of all orders, each as likely as the next, and can be read from both sides."""

import hmac
from collections import Counter
from itertools import pairwise
from math import factorial, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import RANKED_LIMIT, CohortOrder, cohort_order, permutation_name, permuted_order, ranked_order
from domain.fairness.keyed import keyed_digest
from domain.fairness.order import by_digest
from tests.support.chance import ONE_IN_TEN_THOUSAND, chi_square, critical, seed_of

SMALL = [*range(41), 63, 64, 65, 99, 100, 101, 255, 256, 257, 1000, 4096, 4097]


def tickets_of(order: CohortOrder) -> list[int]:
    """The tickets by rank."""
    return [order.ticket_at(rank) for rank in range(order.count)]


@given(st.binary(max_size=64), st.binary(max_size=200))
@settings(max_examples=50, deadline=None, database=None)
def test_the_keyed_digest_is_hmac_sha_256(key: bytes, message: bytes) -> None:
    assert keyed_digest(key)(message) == hmac.digest(key, message, "sha256")


def test_a_key_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than a block"):
        keyed_digest(bytes(65))


@pytest.mark.parametrize("people", [2, 3, 4, 5, 6])
def test_all_orders_of_a_few_people_are_equally_likely(people: int) -> None:
    cells = factorial(people)
    draws = max(4000, 25 * cells)
    seen: Counter[object] = Counter(tuple(tickets_of(ranked_order(seed_of(n), people))) for n in range(draws))
    assert chi_square(seen, cells) < critical(cells - 1)


def test_a_biased_order_would_have_been_noticed() -> None:
    seen: Counter[object] = Counter()
    for number in range(4000):
        order = tuple(tickets_of(ranked_order(seed_of(number), 3)))
        seen[tuple(sorted(order)) if number % 25 == 0 else order] += 1
    assert chi_square(seen, 6) > critical(5)


@pytest.mark.parametrize("count", SMALL)
def test_every_order_is_a_bijection_that_can_be_read_backwards(count: int) -> None:
    for order in (ranked_order(seed_of(count), count), permuted_order(seed_of(count), count)):
        ranks = [order.rank_of(ticket) for ticket in range(count)]
        assert sorted(ranks) == list(range(count))
        assert [order.ticket_at(rank) for rank in ranks] == list(range(count))


def test_a_permutation_of_all_tickets_of_a_large_cohort_has_every_rank_once() -> None:
    order = permuted_order(seed_of(1), RANKED_LIMIT + 1)
    assert sorted(map(order.rank_of, range(order.count))) == list(range(order.count))


@settings(max_examples=60, deadline=None, database=None)
@given(st.data(), st.integers(1, 2**32), st.binary(min_size=32, max_size=32))
def test_a_permutation_of_any_size_is_its_own_way_back(data: st.DataObject, count: int, seed: bytes) -> None:
    order = permuted_order(seed, count)
    ticket = data.draw(st.integers(0, count - 1))
    assert 0 <= order.rank_of(ticket) < count
    assert order.ticket_at(order.rank_of(ticket)) == ticket
    assert order.rank_of(order.ticket_at(ticket)) == ticket


@pytest.mark.parametrize(
    ("count", "name"), [(0, "rank"), (65_536, "rank"), (65_537, "permutation"), (10**6, "permutation")]
)
def test_the_size_of_the_cohort_decides_how_it_is_ordered(count: int, name: str) -> None:
    other = (permuted_order if name == "permutation" else ranked_order)(seed_of(2), count)
    order = cohort_order(seed_of(2), count)
    assert permutation_name(count) == f"drumroll-{name}/1"
    assert order.count == count
    probes = range(0, count, max(1, count // 50))
    assert [order.rank_of(ticket) for ticket in probes] == [other.rank_of(ticket) for ticket in probes]


def test_the_same_cohort_is_not_ordered_twice() -> None:
    assert cohort_order(seed_of(3), 500) is cohort_order(seed_of(3), 500)


def test_equal_digests_would_go_to_the_lower_ticket() -> None:
    assert by_digest([b"b", b"a", b"b", b"a"]) == [1, 3, 0, 2]


@pytest.mark.parametrize("number", [-1, 5, 2**70])
def test_what_is_not_in_the_order_is_refused(number: int) -> None:
    for order in (ranked_order(seed_of(5), 5), permuted_order(seed_of(5), 5)):
        for ask in (order.rank_of, order.ticket_at):
            with pytest.raises(ValueError, match="outside an order of 5"):
                ask(number)


@pytest.mark.parametrize("count", [-1, 2**32 + 1])
def test_no_order_beyond_the_defined_sizes(count: int) -> None:
    with pytest.raises(ValueError, match="no order is defined"):
        cohort_order(seed_of(6), count)


@pytest.mark.parametrize("count", [20_000, 65_536, 65_537, 70_000])
def test_coming_early_is_worth_nothing(count: int) -> None:
    order, mean = cohort_order(seed_of(count), count), (count - 1) / 2
    ranks = [order.rank_of(ticket) for ticket in range(count)]
    covariance = sum((ticket - mean) * (rank - mean) for ticket, rank in enumerate(ranks))
    correlation = covariance / (count * (count * count - 1) / 12)
    assert abs(correlation) * sqrt(count - 1) < ONE_IN_TEN_THOUSAND
    # Neighbours are strangers: of count - 1 steps, half go up, with a variance of (count + 1) / 12.
    rises = sum(before < after for before, after in pairwise(ranks))
    assert abs(rises - mean) / sqrt((count + 1) / 12) < ONE_IN_TEN_THOUSAND


@pytest.mark.parametrize("ticket", [0, 1, 35_000, 69_999])
def test_one_ticket_of_a_large_cohort_can_land_anywhere(ticket: int) -> None:
    landed: Counter[object] = Counter(
        permuted_order(seed_of(number), 70_000).rank_of(ticket) * 20 // 70_000 for number in range(1500)
    )
    assert chi_square(landed, 20) < critical(19)


def test_two_tickets_of_a_large_cohort_stand_either_way_round() -> None:
    first: Counter[object] = Counter()
    for number in range(1500):
        order = permuted_order(seed_of(number), 70_000)
        first[order.rank_of(0) < order.rank_of(1)] += 1
    assert chi_square(first, 2) < critical(1)
