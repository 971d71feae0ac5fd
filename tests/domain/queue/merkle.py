"""The log of a queue by its definition (RFC 9162 section 2.1.1), the slow way."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from domain.fairness import ENTER, REQUEUE, entry_leaf, leaf_hash
from domain.ids import unix_us
from domain.queue.state import Entry, Requeued


def leaves_of(entries: Iterable[Entry], second_leaves: Iterable[Requeued]) -> list[bytes]:
    """The leaf hashes of everybody's entries and returns to the line; AssertionError unless tickets are dense."""
    firsts = [(one.first_ticket, ENTER, one.id, one.received_at) for one in entries]
    seconds = [(one.ticket, REQUEUE, one.entry_id, one.received_at) for one in second_leaves]
    leaves = sorted([*firsts, *seconds])
    assert [ticket for ticket, *_ in leaves] == list(range(len(leaves)))
    return [leaf_hash(entry_leaf(kind, ticket, own_id, unix_us(at))) for ticket, kind, own_id, at in leaves]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The root of these leaf hashes: split at the largest power of two below their number, again and again."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()
