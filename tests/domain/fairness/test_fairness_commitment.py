"""Leaves, commitments and the seed, byte for byte."""

import struct
from hashlib import sha256
from uuid import UUID

import pytest

from domain.fairness import (
    DRAW_DENY,
    DRAW_LEAVE,
    ENTER,
    NO_HASH,
    REQUEUE,
    DrawEntry,
    canonical_json,
    draw_entry_leaf,
    draw_exit_leaf,
    entry_leaf,
    order_seed,
    preferences_hash,
    rules_hash,
    seed_commitment,
)

SOMEBODY = UUID("019a4b00-0000-7000-8000-000000000001")
SECRET, RULES, HEAD = b"s" * 32, b"r" * 32, b"h" * 32


def deep(levels: int) -> list[object]:
    """A list in a list, so many levels down."""
    nested: list[object] = []
    for _ in range(levels):
        nested = [nested]
    return nested


def test_a_leaf_is_kind_ticket_participation_and_instant() -> None:
    leaf = entry_leaf(ENTER, 258, SOMEBODY, 1_763_740_800_000_001)
    assert leaf == b"QE" + bytes(6) + b"\x01\x02" + SOMEBODY.bytes + (1_763_740_800_000_001).to_bytes(8, "big")
    assert len(leaf) == 34


def test_each_field_of_a_leaf_changes_it() -> None:
    other = UUID(int=SOMEBODY.int + 1)
    leaves = {
        entry_leaf(ENTER, 1, SOMEBODY, 5),
        entry_leaf(REQUEUE, 1, SOMEBODY, 5),
        entry_leaf(ENTER, 2, SOMEBODY, 5),
        entry_leaf(ENTER, 1, other, 5),
        entry_leaf(ENTER, 1, SOMEBODY, 6),
    }
    assert len(leaves) == 5


@pytest.mark.parametrize(("ticket", "instant"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**64)])
def test_a_number_that_does_not_fit_makes_no_leaf(ticket: int, instant: int) -> None:
    with pytest.raises(struct.error):
        entry_leaf(ENTER, ticket, SOMEBODY, instant)


def test_a_leaf_of_a_draw_has_every_field_of_the_entry() -> None:
    key = sha256(b"a card").digest()
    wishes = preferences_hash(["balcony", "stalls"])
    leaf = draw_entry_leaf(DrawEntry(258, 70_000, SOMEBODY, 1_763_740_800_000_001, 1_000, 100, key, wishes))
    numbers = (258).to_bytes(8, "big") + (70_000).to_bytes(8, "big")
    instant = (1_763_740_800_000_001).to_bytes(8, "big")
    assert leaf == b"DE" + numbers + SOMEBODY.bytes + instant + b"\x03\xe8\x00\x64" + key + wishes
    assert len(leaf) == 110
    assert draw_entry_leaf(DrawEntry(0, 0, SOMEBODY, 0))[-68:] == b"\x00\x01\x00\x01" + NO_HASH + NO_HASH


def test_whoever_is_out_of_a_draw_left_or_was_denied() -> None:
    left, denied = (draw_exit_leaf(kind, SOMEBODY, 5) for kind in (DRAW_LEAVE, DRAW_DENY))
    assert left == b"DL" + SOMEBODY.bytes + (5).to_bytes(8, "big")
    assert denied == b"DD" + left[2:]


def test_preferences_are_hashed_in_their_order_and_none_are_zeros() -> None:
    assert preferences_hash(["b", "a"]) == sha256(b'["b","a"]').digest()
    assert preferences_hash(None) == preferences_hash([]) == bytes(32)


@pytest.mark.parametrize(
    "entry",
    [DrawEntry(-1, 0, SOMEBODY, 0), DrawEntry(0, 2**64, SOMEBODY, 0), DrawEntry(0, 0, SOMEBODY, 0, tickets=65_536)],
)
def test_an_entry_that_does_not_fit_makes_no_leaf(entry: DrawEntry) -> None:
    with pytest.raises(struct.error):
        draw_entry_leaf(entry)


def test_the_secret_is_committed_by_its_hash() -> None:
    assert seed_commitment(SECRET) == sha256(SECRET).digest()
    with pytest.raises(ValueError, match="server seed has 31 bytes"):
        seed_commitment(SECRET[1:])


@pytest.mark.parametrize(
    ("rules", "canonical"),
    [
        ({}, b"{}"),
        ({"requeueLimit": 0, "onExpiry": "deny"}, b'{"onExpiry":"deny","requeueLimit":0}'),
        (
            {"b": [1, -2, True, False, None], "a": {"z": "", "y": []}},
            b'{"a":{"y":[],"z":""},"b":[1,-2,true,false,null]}',
        ),
        ({"a": 2**53 - 1, "b": 1 - 2**53}, b'{"a":9007199254740991,"b":-9007199254740991}'),
        ({"\t": '"\\/\b\f\n\r\t\x0f\x7f'}, b'{"\\t":"\\"\\\\/\\b\\f\\n\\r\\t\\u000f\x7f"}'),
        ({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3}, '{"\u20ac":3,"\U0001f600":2,"\ufb33":1}'.encode()),
    ],
)
def test_rules_are_written_in_the_one_form_of_rfc_8785(rules: dict[str, object], canonical: bytes) -> None:
    assert canonical_json(rules) == canonical
    assert rules_hash(rules) == sha256(canonical).digest()


def test_the_order_in_which_rules_are_written_does_not_matter() -> None:
    assert rules_hash({"a": 1, "b": {"c": 2, "d": 3}}) == rules_hash({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    "value", [0.5, 1.0, float("nan"), 2**53, -(2**53), b"x", {1: 2}, {None: 1}, "\ud800", deep(40)]
)
def test_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"canonical|string|surrogates|nested"):
        rules_hash({"a": value})


def test_the_seed_is_the_hash_of_all_that_was_settled() -> None:
    settled = b"drumroll/order/1\x00" + SOMEBODY.bytes + RULES + HEAD + (7).to_bytes(8, "big") + SECRET
    assert order_seed(SOMEBODY, RULES, HEAD, 7, SECRET) == sha256(settled).digest()
    assert order_seed(SOMEBODY, RULES, HEAD, 7, SECRET, beacon=b"b" * 32) == sha256(settled + b"b" * 32).digest()


@pytest.mark.parametrize(
    ("rules", "head", "count", "secret", "beacon"),
    [
        (b"", HEAD, 7, SECRET, b""),
        (RULES, HEAD + b"x", 7, SECRET, b""),
        (RULES, HEAD, -1, SECRET, b""),
        (RULES, HEAD, 2**64, SECRET, b""),
        (RULES, HEAD, 7, b"", b""),
        (RULES, HEAD, 7, SECRET, b"b"),
    ],
)
def test_a_field_of_another_width_makes_no_seed(
    rules: bytes, head: bytes, count: int, secret: bytes, beacon: bytes
) -> None:
    with pytest.raises(ValueError, match=r"bytes, not 32|number of entries"):
        order_seed(SOMEBODY, rules, head, count, secret, beacon=beacon)
