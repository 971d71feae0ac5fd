"""Whether a signature is that of a round of drand's quicknet, a public beacon.

Nobody knows a round's signature before the round is due, and nobody can choose it: a threshold of independent
organizations, the League of Entropy, makes it together. Whoever has it can check it, wherever it came from.

When rounds are due is in `domain.fairness.quicknet`. Its CHAIN_HASH is a digest of its constants and of those below, which a
test computes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from py_arkworks_bls12381 import GT, G1Point, G2Point

from domain.fairness.quicknet import CHAIN_HASH, ROUNDS

PUBLIC_KEY: Final = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
SCHEME: Final = "bls-unchained-g1-rfc9380"
SUITE: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
"""The domain of the hash to the curve (RFC 9380, section 8.8.1; the scheme above in drand's crypto/schemes.go)."""

_KEY: Final = G2Point.from_compressed_bytes(PUBLIC_KEY)
_MINUS_ONE: Final = -G2Point()


def randomness(round_number: int, signature: bytes) -> bytes | None:
    """The 32 bytes that a round gives to everybody; None if this is not the chain's signature of that round.

    The signature is the chain's if e(signature, -generator) · e(hash of the round, key) = 1: drand's specification,
    https://docs.drand.love/docs/cryptography.
    """
    if round_number not in ROUNDS:
        return None
    point = _point(signature)
    if point is None or not GT.pairing_check([point, _hashed(round_number)], [_MINUS_ONE, _KEY]):
        return None
    return sha256(signature).digest()


def verified(chain_hash: str, round_number: int, signature: bytes) -> bytes | None:
    """As `randomness`, for whoever has read which chain is meant. LookupError: it is another, of which nothing is known."""
    if chain_hash != CHAIN_HASH:
        raise LookupError(chain_hash)
    return randomness(round_number, signature)


def _point(signature: bytes) -> G1Point | None:
    """The point of the right subgroup that these bytes are; None if they are none.

    Only a point's own bytes count, because the randomness is a digest of them: a second spelling of the same point would
    be a second value, and whoever passes it on could choose.
    """
    try:
        point = G1Point.from_compressed_bytes(signature)
    except ValueError:
        return None
    return point if point.to_compressed_bytes() == signature else None


def _hashed(round_number: int) -> G1Point:
    return G1Point.hash_to_curve(sha256(round_number.to_bytes(8, "big")).digest(), SUITE)
