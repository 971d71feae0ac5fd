"""Rounds of the public beacon: which signatures are the chain's own."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from domain.fairness.quicknet import CHAIN_HASH, GENESIS, PERIOD, SIGNATURE_BYTES
from runtime.drand import PUBLIC_KEY, SUITE, _point, randomness, verified
from tests.support.rounds import RANDOMNESS, ROUNDS, signature

PRIME = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""Of the curve's field; ORDER is that of the subgroup: RFC 9380, section 8.8."""
COMPRESSED, INFINITE, GREATER = 0x80, 0x40, 0x20
GENESIS_SEED = bytes.fromhex("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e")
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
GOOD = signature(42)


def spelled(x: int, flags: int = COMPRESSED) -> bytes:
    """48 bytes as of a compressed point."""
    raw = bytearray(x.to_bytes(SIGNATURE_BYTES, "big"))
    raw[0] |= flags
    return bytes(raw)


def outside_the_subgroup() -> bytes:
    """A point of the curve y² = x³ + 4 that is not in the subgroup of the right order."""
    x = next(x for x in range(1, 100) if pow(x**3 + 4, (PRIME - 1) // 2, PRIME) == 1)
    return spelled(x)


def times_order(point: G1Point) -> G1Point:
    """ORDER times the point, by doubling and adding, because a Scalar is 0 there."""
    total = G1Point.identity()
    for bit in f"{ORDER:b}":
        total = total + total + point if bit == "1" else total + total
    return total


def test_the_constants_are_what_the_chain_s_hash_is_made_of() -> None:
    period = int(PERIOD.total_seconds()).to_bytes(4, "big")
    genesis = int(GENESIS.timestamp()).to_bytes(8, "big")
    assert sha256(period + genesis + PUBLIC_KEY + GENESIS_SEED + b"quicknet").hexdigest() == CHAIN_HASH


@pytest.mark.parametrize("round_number", ROUNDS)
def test_a_published_round_verifies(round_number: int) -> None:
    value = randomness(round_number, signature(round_number))
    assert value == sha256(signature(round_number)).digest()
    assert round_number not in RANDOMNESS or value == bytes.fromhex(RANDOMNESS[round_number])


@pytest.mark.parametrize("round_number", [41, 43, 42 * 2**8, 42 << 56, 0, -42, 2**64 + 42])
def test_a_signature_is_good_for_its_round_alone(round_number: int) -> None:
    assert randomness(round_number, GOOD) is None


def test_no_bit_of_a_signature_may_change() -> None:
    whole = int.from_bytes(GOOD, "big")
    bits = range(8 * SIGNATURE_BYTES)
    assert [bit for bit in bits if randomness(42, (whole ^ 1 << bit).to_bytes(SIGNATURE_BYTES, "big"))] == []


@pytest.mark.parametrize(
    "nonsense",
    [
        b"", GOOD[:-1], GOOD + b"\0", GOOD * 2, bytes(48), bytes(96), b"\xff" * 48, GOOD.hex().encode(),
        spelled(0, COMPRESSED | INFINITE), spelled(0, COMPRESSED | INFINITE | GREATER), spelled(0, INFINITE),
        spelled(1, COMPRESSED | INFINITE), bytes([GOOD[0] | INFINITE]) + GOOD[1:],
        bytes([GOOD[0] & ~COMPRESSED]) + GOOD[1:], spelled(PRIME), spelled(PRIME + 4), spelled(PRIME - 1),
        outside_the_subgroup(), G1Point().to_compressed_bytes(), PUBLIC_KEY[:48], PUBLIC_KEY,
    ],
    ids=[
        "nothing", "too short", "too long", "twice", "zeros", "zeros twice", "ones", "hexadecimal",
        "infinity", "infinity, greater", "infinity, not compressed", "infinity and more", "called infinite",
        "not compressed", "beyond the field", "a second spelling", "not on the curve",
        "outside the subgroup", "the generator", "half the key", "the key",
    ],
)  # fmt: skip
def test_what_is_no_signature_is_refused_without_a_fuss(nonsense: bytes) -> None:
    assert randomness(42, nonsense) is None


def test_a_signature_may_not_be_moved_out_of_the_subgroup() -> None:
    """What such a point adds is lost in the pairing: without the check, one signature would have as many values as it has."""
    beside = times_order(G1Point.from_compressed_bytes_unchecked(outside_the_subgroup()))
    moved = G1Point.from_compressed_bytes(GOOD) + beside
    message = G1Point.hash_to_curve(sha256((42).to_bytes(8, "big")).digest(), SUITE)
    assert GT.pairing_check([moved, message], [-G2Point(), G2Point.from_compressed_bytes(PUBLIC_KEY)])
    assert moved.to_compressed_bytes() != GOOD
    assert randomness(42, moved.to_compressed_bytes()) is None


def test_a_point_has_one_spelling() -> None:
    infinity = G1Point.identity().to_compressed_bytes()
    assert _point(infinity) == G1Point.identity()
    assert _point(spelled(1, infinity[0])) is None
    assert _point(bytes([infinity[0] | GREATER]) + infinity[1:]) is None


@given(st.binary(min_size=SIGNATURE_BYTES, max_size=SIGNATURE_BYTES))
def test_whatever_bytes_come_nothing_breaks(raw: bytes) -> None:
    assert randomness(42, raw) is None
    assert randomness(42, bytes([raw[0] & 0x1F | COMPRESSED]) + raw[1:]) is None


def test_a_signature_by_another_key_is_refused() -> None:
    message = G1Point.hash_to_curve(sha256((42).to_bytes(8, "big")).digest(), SUITE)
    assert randomness(42, (message * Scalar(7)).to_compressed_bytes()) is None


def test_whoever_names_the_chain_is_told_when_it_is_another() -> None:
    assert verified(CHAIN_HASH, 42, GOOD) == randomness(42, GOOD)
    assert verified(CHAIN_HASH, 43, GOOD) is None
    with pytest.raises(LookupError):
        verified("00" * 32, 42, GOOD)


def test_the_specification_says_how_a_signature_is_checked() -> None:
    said = (Path(__file__).parents[2] / "docs" / "fairness.md").read_text().replace("\n          ", "")
    for constant in (PUBLIC_KEY.hex(), SUITE.decode(), GOOD.hex(), CHAIN_HASH):
        assert constant in said
