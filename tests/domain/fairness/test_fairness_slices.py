"""The order of a draw is the same in slices of any size, and the queue's when everybody has one ticket."""

import hmac
from collections import defaultdict
from hashlib import sha256
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import Chunk, bucket_of, buckets_for, entry_key, merged, ranked_order, ranked_runs

SEED = sha256(b"a seed of the tests").digest()


def ordered(weights: list[int], cuts: list[int], buckets: int) -> list[Chunk]:
    """The order of entries with these tickets, ranked in slices that end at the cuts."""
    tickets = [0, *accumulate(weights)]
    borders = sorted({0, len(weights), *(min(cut, len(weights)) for cut in cuts)})
    runs: dict[int, list[bytes]] = defaultdict(list)
    for start, end in pairwise(borders):
        for bucket, run in ranked_runs(SEED, start, tickets[start], weights[start:end], buckets).items():
            runs[bucket].append(run)
    chunks: list[Chunk] = []
    for bucket in sorted(runs):
        chunks.append(Chunk(sum(map(len, chunks)), merged(runs[bucket])))
    return chunks


def numbers(chunks: list[Chunk]) -> list[int]:
    """The entries by rank."""
    return [number for chunk in chunks for number in chunk.numbers()]


def plain(weights: list[int]) -> list[int]:
    """The order as docs/fairness.md says it: each entry at the first of its tickets in an order of all tickets."""
    owners = [number for number, tickets in enumerate(weights) for _ in range(tickets)]
    drawn = sorted(range(len(owners)), key=lambda ticket: hmac.digest(SEED, ticket.to_bytes(8, "big"), "sha256"))
    return list(dict.fromkeys(owners[ticket] for ticket in drawn))


@pytest.mark.parametrize(("count", "buckets"), [(0, 1), (1, 1), (16_384, 1), (16_385, 2), (10**6, 62)])
def test_a_bucket_holds_about_sixteen_thousand(count: int, buckets: int) -> None:
    assert buckets_for(count) == buckets


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.integers(1, 9), max_size=80), st.lists(st.integers(0, 80), max_size=6), st.integers(1, 40))
def test_slices_of_any_size_give_the_order_of_all_tickets(weights: list[int], cuts: list[int], buckets: int) -> None:
    assert numbers(ordered(weights, cuts, buckets)) == plain(weights)


@pytest.mark.parametrize(
    ("size", "part"), [(1, 1), (2, 1), (500, 1), (500, 7), (500, 1_000), (20_000, 1_000), (20_000, 20_000)]
)
def test_entries_of_one_ticket_have_the_order_of_a_queue(size: int, part: int) -> None:
    order = ranked_order(SEED, size)
    chunks = ordered([1] * size, list(range(0, size, part)), buckets_for(size))
    assert numbers(chunks) == [order.ticket_at(rank) for rank in range(size)]


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=60), st.integers(1, 9))
def test_an_entry_is_found_by_its_key_in_its_bucket_alone(weights: list[int], buckets: int) -> None:
    chunks, firsts = ordered(weights, [20, 40], buckets), [0, *accumulate(weights)]
    order = numbers(chunks)
    for number, tickets in enumerate(weights):
        key = entry_key(SEED, firsts[number], tickets)
        ranks = [chunk.rank_of(key, number) for chunk in chunks]
        found = [rank for rank in ranks if rank is not None]
        assert found == [order.index(number)]
    assert {chunk.number_at(chunk.first_rank) for chunk in chunks} <= set(order)


def test_the_key_of_an_entry_is_the_smallest_digest_of_its_tickets() -> None:
    digests = [hmac.digest(SEED, ticket.to_bytes(8, "big"), "sha256") for ticket in range(5, 12)]
    assert entry_key(SEED, 5, 7) == min(digests)
    assert entry_key(SEED, 5, 1) == digests[0]


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.integers(1, 70))
def test_ascending_keys_fall_into_ascending_buckets(one: bytes, other: bytes, buckets: int) -> None:
    lower, upper = sorted((one, other))
    assert 0 <= bucket_of(lower, buckets) <= bucket_of(upper, buckets) < buckets


@settings(max_examples=30, deadline=None, database=None)
@given(st.lists(st.integers(1, 3), max_size=60), st.integers(1, 70))
def test_every_record_of_a_run_is_in_its_bucket_and_in_order(weights: list[int], buckets: int) -> None:
    runs = ranked_runs(SEED, 100, 1_000, weights, buckets)
    records = [run[at : at + 36] for _, run in sorted(runs.items()) for at in range(0, len(run), 36)]
    assert records == sorted(records)
    assert sorted(int.from_bytes(record[32:], "big") for record in records) == list(range(100, 100 + len(weights)))
    for bucket, run in runs.items():
        assert {bucket_of(run[at : at + 36], buckets) for at in range(0, len(run), 36)} == {bucket}


def test_equal_keys_go_by_number_and_are_told_apart_by_it() -> None:
    one, two = b"k" * 32 + (7).to_bytes(4, "big"), b"k" * 32 + (3).to_bytes(4, "big")
    near = b"k" * 8 + b"z" * 24 + (1).to_bytes(4, "big")
    chunk = Chunk(50, merged([one, two + near]))
    assert [chunk.number_at(rank) for rank in (50, 51, 52)] == [3, 7, 1]
    assert [chunk.rank_of(b"k" * 32, number) for number in (3, 7, 1, 9)] == [50, 51, 52, None]
    assert chunk.rank_of(b"l" * 32, 3) is None
    assert len(chunk) == 3


@pytest.mark.parametrize("rank", [49, 53])
def test_a_rank_of_another_chunk_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match="not among the 3 from 50"):
        Chunk(50, bytes(36)).number_at(rank)
