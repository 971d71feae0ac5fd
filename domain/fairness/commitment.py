"""What is promised before anybody enters, and the seed that follows from it once the line is frozen.

Steps and layouts are specified in docs/fairness.md.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

ORDER_TAG: Final = b"drumroll/order/1\x00"
SEED_BYTES: Final = 32
MAX_SAFE_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 32


def seed_commitment(server_seed: bytes) -> bytes:
    """Commit to the secret of 32 bytes: its SHA-256, published when the aggregate is created.

    Raises ValueError for a secret of another length.
    """
    return sha256(_exactly(SEED_BYTES, server_seed, "server seed")).digest()


def rules_hash(rules: Mapping[str, object]) -> bytes:
    """Commit to the rules: the SHA-256 of their RFC 8785 form. Raises ValueError for what `canonical_json` refuses."""
    return sha256(canonical_json(rules)).digest()


def order_seed(
    distribution_id: UUID,
    rules_hash: bytes,
    tree_head: bytes,
    count: int,
    server_seed: bytes,
    beacon: bytes = b"",
) -> bytes:
    """Derive the 32 bytes that fix the order: SHA-256 over the tag and all that was settled before.

    `tree_head` and `count` are those of the frozen log, `beacon` the 32 bytes of randomness of the
    agreed round, empty without a beacon. Raises ValueError for a value of another length.
    """
    return sha256(
        ORDER_TAG
        + distribution_id.bytes
        + _exactly(SEED_BYTES, rules_hash, "rules hash")
        + _exactly(SEED_BYTES, tree_head, "tree head")
        + _eight_bytes(count)
        + _exactly(SEED_BYTES, server_seed, "server seed")
        + (_exactly(SEED_BYTES, beacon, "beacon randomness") if beacon else b""),
    ).digest()


def canonical_json(document: object) -> bytes:
    """Write the RFC 8785 form, in UTF-8, of JSON without fractions.

    Fractions are left out, because their text is where implementations differ.
    Raises ValueError for a float, an integer beyond 2^53 - 1 either way, a key that is no string, a
    lone surrogate, nesting deeper than 32, and anything that is no JSON.
    """
    return _canonical(document, MAX_DEPTH).encode()


def _canonical(document: object, depth: int) -> str:
    if depth < 0:
        raise ValueError(f"rules may not be nested deeper than {MAX_DEPTH}")
    match document:
        case None | bool() | str():
            return json.dumps(document, ensure_ascii=False)
        case int() if abs(document) <= MAX_SAFE_INTEGER:
            return str(int(document))
        case list() | tuple():
            return "[" + ",".join(_canonical(member, depth - 1) for member in document) + "]"
        case Mapping():
            members = (f"{_canonical(key, 0)}:{_canonical(document[key], depth - 1)}" for key in _sorted(document))
            return "{" + ",".join(members) + "}"
        case _:
            raise ValueError(
                f"{document!r} has no canonical form here: fractions and integers beyond 2^53 - 1 are refused"
            )


def _sorted(members: Mapping[object, object]) -> list[str]:
    """Sort the keys by their UTF-16 code units, as RFC 8785 (3.2.3) does."""
    keys = [key for key in members if isinstance(key, str)]
    if len(keys) != len(members):
        raise ValueError("every key of the rules must be a string")
    return sorted(keys, key=lambda key: key.encode("utf-16-be"))


def _exactly(length: int, value: bytes, name: str) -> bytes:
    if len(value) != length:
        raise ValueError(f"the {name} has {len(value)} bytes, not {length}")
    return value


def _eight_bytes(count: int) -> bytes:
    if not 0 <= count < 1 << 64:
        raise ValueError(f"{count} is not a number of entries")
    return count.to_bytes(8, "big")
